// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { column, TOTAL } from "../src/parts.ts";
import { isCounting, Model, sumRates, totalRate } from "../src/state.ts";
import { moment, snapshot } from "./samples.ts";

const PACKETS = column(TOTAL, "packets");

test("two snapshots give rates and a second of history; one gives none", () => {
    const model = new Model();
    model.take(snapshot([{ packets: 10n, at: 0 }]));
    assert.ok(Number.isNaN(totalRate(model.view!.all[0], "packets")));
    model.take(snapshot([{ packets: 30n, bytes: 3000n, at: 1 }]));
    const [eth0] = model.view!.all;
    assert.equal(totalRate(eth0, "packets"), 20);
    assert.equal(totalRate(eth0, "bits"), 3000);
    assert.equal(model.historyOf("eth0").at(PACKETS, moment(1) / 1000), 20);
    assert.equal(model.view!.now, moment(1));
});

test("a counter that begins anew is noted and no spike", () => {
    const model = new Model();
    model.take(snapshot([{ packets: 10_000n, at: 0 }]));
    model.take(snapshot([{ packets: 7n, at: 1, since: "2026-11-25T10:00:00.500Z" }]));
    assert.equal(model.view!.all[0].rates, null);
    assert.equal(model.view!.all[0].restarted, moment(1));
    model.take(snapshot([{ packets: 9n, at: 2, since: "2026-11-25T10:00:00.500Z" }]));
    assert.equal(totalRate(model.view!.all[0], "packets"), 2);
    assert.ok(Number.isNaN(model.historyOf("eth0").at(PACKETS, moment(1) / 1000)));
});

test("the same reading twice changes nothing", () => {
    const model = new Model();
    model.take(snapshot([{ packets: 10n, at: 0 }]));
    model.take(snapshot([{ packets: 30n, at: 1 }]));
    model.take(snapshot([{ packets: 30n, at: 1 }]));
    assert.equal(totalRate(model.view!.all[0], "packets"), 20);
    assert.equal(model.view!.all[0].restarted, 0);
});

test("an interface that fails takes no other with it", () => {
    const model = new Model();
    const problems = { eth1: "cannot read it", eth10: "" };
    model.take(snapshot([{ name: "eth2" }, { name: "eth0", mode: "detached" }], problems));
    assert.deepEqual(model.view!.all.map((live) => live.name), ["eth0", "eth1", "eth2", "eth10"]);
    assert.deepEqual(model.view!.all.map(isCounting), [false, false, true, false]);
    assert.equal(model.view!.all[1].problem, "cannot read it");
});

test("an interface that is gone leaves no history behind", () => {
    const model = new Model();
    model.take(snapshot([{ name: "a", packets: 1n }, { name: "b", packets: 1n }]));
    model.take(snapshot([{ name: "a", packets: 2n, at: 1 }, { name: "b", packets: 2n, at: 1 }]));
    model.take(snapshot([{ name: "a", packets: 3n, at: 2 }]));
    assert.deepEqual([...model.histories.keys()], ["a"]);
});

test("the sum of all", () => {
    const model = new Model();
    model.take(snapshot([{ name: "a" }, { name: "b" }]));
    model.take(snapshot([{ name: "a", packets: 3n, at: 1 }, { name: "b", packets: 4n, at: 1 }]));
    assert.equal(sumRates(model.view!.all)[PACKETS], 7);
});

test("nothing attached is no failure", () => {
    const model = new Model();
    model.take(snapshot([]));
    assert.deepEqual(model.view!.all, []);
    assert.ok(model.view!.now > 0);
});
