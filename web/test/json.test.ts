// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { exact, parseExact } from "../src/json.ts";

const BEYOND = 2n ** 53n + 1n;
const LARGEST = 2n ** 64n - 1n;

test("a counter of 2^53 + 1 keeps its last digit, and so does the largest", () => {
    const document = parseExact(`{"a":${BEYOND},"b":[${LARGEST}, 7],"c":0}`) as { a: unknown; b: unknown[]; c: unknown };
    assert.equal(exact(document.a), BEYOND);
    assert.equal(exact(document.b[0]), LARGEST);
    assert.equal(exact(document.b[1]), 7n);
    assert.equal(exact(document.c), 0n);
    assert.notEqual(BigInt(Number(BEYOND)), BEYOND, "which a double would have lost");
});

test("digits within strings are left alone", () => {
    const hostile = { 'a":12345678901234567890,"': '\\":9007199254740993,', path: "C:\\", next: "12345678901234567890" };
    assert.deepEqual(parseExact(JSON.stringify(hostile)), hostile);
});

test("what is no integer is read as ever", () => {
    const document = '{"x":1.2345678901234567890,"y":12345678901234567.5,"z":1e300,"n":null,"t":true,"m":-9007199254740993}';
    const { m, ...rest } = parseExact(document) as Record<string, unknown>;
    const { m: _, ...plain } = JSON.parse(document);
    assert.deepEqual(rest, plain);
    assert.equal(exact(m), -9007199254740993n);
});

test("what is no counter is none", () => {
    for (const value of [undefined, null, "", "12a", 1.5, NaN, 2 ** 60, {}, [], true]) assert.equal(exact(value), null);
});

test("what is no JSON is refused", () => {
    assert.throws(() => parseExact('{"a":12345678901234567890'));
    assert.throws(() => parseExact(""));
});
