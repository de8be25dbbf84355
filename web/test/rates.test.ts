// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { column, TOTAL } from "../src/parts.ts";
import { ratesBetween, ratesOf, sumOf } from "../src/rates.ts";
import { one } from "./samples.ts";

const PACKETS = column(TOTAL, "packets");

test("a rate is what was added, over the time", () => {
    const rates = ratesOf(one({ packets: 100n, at: 0 }), one({ packets: 350n, at: 2.5 }));
    assert.equal(rates?.[PACKETS], 100);
});

test("one packet is one packet where counters are beyond 2^53", () => {
    const from = 2n ** 53n;
    assert.equal(ratesOf(one({ packets: from }), one({ packets: from + 1n, at: 1 }))?.[PACKETS], 1);
    const high = 2n ** 64n - 2n;
    assert.equal(ratesOf(one({ packets: high }), one({ packets: high + 1n, at: 1 }))?.[PACKETS], 1);
});

test("a counter that went backwards gives no rate, in whichever column", () => {
    assert.equal(ratesOf(one({ packets: 100n }), one({ packets: 90n, at: 1 })), null);
    assert.equal(ratesBetween([1n, 5n], [2n, 4n], 1000), null);
});

test("a counter that was attached anew gives none either, though it may be higher", () => {
    const since = "2026-11-25T09:59:59.000Z";
    assert.equal(ratesOf(one({ packets: 10n }), one({ packets: 5000n, at: 1, since })), null);
});

test("no time, or a clock that was set back, gives none", () => {
    assert.equal(ratesOf(one({ at: 1 }), one({ at: 1, packets: 5n })), null);
    assert.equal(ratesOf(one({ at: 2 }), one({ at: 1, packets: 5n })), null);
    assert.equal(ratesBetween([1n], [2n], NaN), null);
});

test("what is not counted has no rate, and the rest has", () => {
    const rates = ratesBetween([1n, null], [3n, null], 1000)!;
    assert.equal(rates[0], 2);
    assert.ok(Number.isNaN(rates[1]));
});

test("the sum leaves out what is not known", () => {
    const sum = sumOf([Float64Array.of(1, NaN, NaN), Float64Array.of(2, 3, NaN)], 3);
    assert.deepEqual([...sum], [3, 3, NaN]);
});
