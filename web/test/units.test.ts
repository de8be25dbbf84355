// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { axisLabel, bytes, digits, duration, rate, scaled, share, shortRate } from "../src/units.ts";

test("three digits and a decimal prefix", () => {
    const cases: [number, string][] = [
        [0, "0"],
        [0.25, "0.3"],
        [7, "7"],
        [60.4, "60.4"],
        [999, "999"],
        [999.6, "1.00k"],
        [1000, "1.00k"],
        [1511895, "1.51M"],
        [15_118_950, "15.1M"],
        [999_600, "1.00M"],
        [19253691440, "19.3G"],
        [400e9, "400G"],
        [1.6e12, "1.60T"],
    ];
    for (const [value, expected] of cases) assert.equal(scaled(value).join(""), expected);
    assert.deepEqual(scaled(NaN), ["–", ""]);
});

test("a rate of bytes is shown in bits", () => {
    assert.deepEqual(rate(125_000_000, "bits"), { number: "1.00", unit: "Gbit/s" });
    assert.deepEqual(rate(1_511_895, "packets"), { number: "1.51", unit: "M packets/s" });
    assert.deepEqual(rate(3, "packets"), { number: "3", unit: "packets/s" });
    assert.equal(shortRate(125, "bits"), "1.00 kbit/s");
    assert.equal(shortRate(NaN, "bits"), "–");
});

test("axes have no digits that say nothing", () => {
    assert.deepEqual([0, 50, 1500, 200_000, 2e6, 1.25e9].map(axisLabel), ["0", "50", "1.5 k", "200 k", "2 M", "1.25 G"]);
});

test("shares", () => {
    assert.deepEqual([share(0, 10), share(1, 1), share(1, 3), share(1, 12), share(1, 1e6), share(1, 0), share(NaN, 1)], ["0%", "100%", "33%", "8.3%", "<0.1%", "", ""]);
});

test("every digit of a counter, in groups of three", () => {
    assert.equal(digits(0n), "0");
    assert.equal(digits(999n), "999");
    assert.equal(digits(2n ** 53n + 1n), "9,007,199,254,740,993");
    assert.equal(digits(2n ** 64n - 1n), "18,446,744,073,709,551,615");
});

test("lengths of time and amounts", () => {
    assert.deepEqual([0, 900, 59_000, 60_000, 90_000, 11_520_000, 86_400_000 * 3 + 3_600_000].map(duration), ["0 s", "0 s", "59 s", "1 min", "1 min 30 s", "3 h 12 min", "3 d 1 h"]);
    assert.equal(bytes(157_044_180), "157 MB");
});
