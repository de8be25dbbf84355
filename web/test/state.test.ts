// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { column, TOTAL } from "../src/parts.ts";
import { ALL, isCounting, Model, shownName, totalRate } from "../src/state.ts";
import { moment, type Sample, snapshot } from "./samples.ts";

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
    for (let at = 2; at < 40; at++) model.take(snapshot([{ name: "a", packets: BigInt(at), at }]));
    assert.deepEqual([...model.histories.keys()], ["a"]);
});

test("one that is away for a moment keeps its past, and is noted where its counter began anew", () => {
    const back = (since: string, problems: Record<string, string> = {}) => {
        const model = new Model();
        model.take(snapshot([{ name: "a", at: 0 }, { name: "b", at: 0 }]));
        model.take(snapshot([{ name: "a", at: 1 }, { name: "b", packets: 5n, at: 1 }]));
        model.take(snapshot([{ name: "a", at: 2 }], problems));
        model.take(snapshot([{ name: "a", at: 3 }, { name: "b", packets: 5n, at: 3, since }]));
        assert.equal(model.historyOf("b").at(PACKETS, moment(1) / 1000), 5);
        return model.view!.all[1].restarted;
    };
    assert.equal(back("2026-11-25T09:00:00.000Z"), 0);
    assert.equal(back("2026-11-25T10:00:02.500Z"), moment(3));
    assert.equal(back("2026-11-25T10:00:02.500Z", { b: "nothing is attached to it" }), moment(3), "where it is named to the server too");
});

test("the sum of all", () => {
    const model = new Model();
    model.take(snapshot([{ name: "a" }, { name: "b" }]));
    model.take(snapshot([{ name: "a", packets: 3n, at: 1 }, { name: "b", packets: 4n, at: 1 }]));
    assert.equal(model.view!.sum![PACKETS], 7);
    assert.equal(model.total.at(PACKETS, moment(1) / 1000), 7);
});

/** What the sum is while `b` receives 4 packets a second and the other is as said, second by second. */
function sums(other: readonly (Sample | null)[]): (number | null)[] {
    const model = new Model();
    const shown = other.map((sample, at) => {
        model.take(snapshot([{ name: "b", packets: 4n * BigInt(at), at }, ...(sample ? [{ name: "a", at, ...sample }] : [])]));
        return model.view!.sum?.[PACKETS] ?? null;
    });
    const noted = shown.map((_, at) => model.total.at(PACKETS, moment(at) / 1000));
    assert.deepEqual(noted.map((rate) => (Number.isNaN(rate) ? null : rate)), shown, "the history is what was shown");
    return shown;
}

test("the sum is unknown while one of them begins anew, comes or goes: it would look like a dip", () => {
    const anew = { since: "2026-11-25T10:00:01.500Z" };
    assert.deepEqual(sums([{}, { packets: 3n }, { packets: 1n, ...anew }, { packets: 4n, ...anew }]), [null, 7, null, 7]);
    assert.deepEqual(sums([{}, { packets: 3n }, null, { packets: 1n, ...anew }, { packets: 4n, ...anew }]), [null, 7, null, null, 7]);
    assert.deepEqual(sums([{}, { packets: 3n }, null, null]), [null, 7, null, 4]);
});

test("one that receives nothing comes and goes without a gap in the sum", () => {
    assert.deepEqual(sums([null, {}, {}, null]), [null, 4, 4, 4]);
});

test("the only interface is shown in place of the sum of it", () => {
    const model = new Model();
    model.take(snapshot([]));
    assert.equal(shownName(ALL, model.view!), ALL);
    assert.equal(model.sawAny, false);
    model.take(snapshot([{ name: "a" }]));
    assert.equal(shownName(ALL, model.view!), "a");
    assert.equal(shownName("gone", model.view!), "gone");
    model.take(snapshot([{ name: "a" }, { name: "b" }]));
    assert.equal(shownName(ALL, model.view!), ALL);
    assert.equal(model.sawAny, true);
});

test("nothing attached is no failure", () => {
    const model = new Model();
    model.take(snapshot([]));
    assert.deepEqual(model.view!.all, []);
    assert.ok(model.view!.now > 0);
});
