// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { parseExact } from "../src/json.ts";
import { addressOf, historyRequests } from "../src/requests.ts";
import { metricsLink } from "../src/server.ts";
import { ALL } from "../src/state.ts";

const MANY = Array.from({ length: 50 }, (_, i) => `eth${i}`);

test("few together come second by second from the first, and once", () => {
    const asked = new Set<string>();
    assert.deepEqual(historyRequests(ALL, ["a", "b"], asked), [{ step: 1, interfaces: [] }]);
    assert.deepEqual(historyRequests(ALL, ["a", "b"], asked), []);
    assert.deepEqual(historyRequests("a", ["a", "b"], asked), []);
    assert.deepEqual(historyRequests("a", ["a"], new Set()), [{ step: 1, interfaces: [] }]);
});

test("one of several comes second by second, the others for their small pictures", () => {
    const asked = new Set<string>();
    assert.deepEqual(historyRequests("a", ["a", "b"], asked), [{ step: 15, interfaces: [] }, { step: 1, interfaces: ["a"] }]);
    assert.deepEqual(historyRequests("b", ["a", "b"], asked), [{ step: 1, interfaces: ["b"] }]);
    assert.deepEqual(historyRequests("a", ["a", "b"], asked), []);
    assert.deepEqual(historyRequests(ALL, ["a", "b"], asked), [{ step: 1, interfaces: [] }]);
});

test("the sum of many comes second by second too, and what it is made of does not", () => {
    const asked = new Set<string>();
    assert.deepEqual(historyRequests(ALL, MANY, asked), [{ step: 15, interfaces: [] }, { step: 1, interfaces: [], total: true }]);
    assert.deepEqual(historyRequests("eth7", MANY, asked), [{ step: 1, interfaces: ["eth7"] }]);
    assert.deepEqual(historyRequests(ALL, MANY, asked), []);
});

test("the address of a history", () => {
    assert.equal(addressOf({ step: 1, interfaces: ["a b", "c"], seconds: 8, total: true }), "api/v1/history?step=1&seconds=8&counters=total&interface=a+b&interface=c");
});

test("the metrics are where the server says, below the path of the page", () => {
    assert.deepEqual(metricsLink(parseExact('{"telemetry_path":"/foo/bar"}')), { path: "/foo/bar", href: "./foo/bar" });
    assert.equal(metricsLink(parseExact("{}")), null);
});
