// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { Model, type View } from "../src/state.ts";
import { coarseWords, emptyList, idleWords, nothingTitle, sumNotes, sumWords } from "../src/words.ts";
import { type Sample, snapshot } from "./samples.ts";

function view(samples: readonly Sample[], problems: Record<string, string> = {}): View {
    const model = new Model();
    model.take(snapshot(samples, problems));
    return model.view!;
}

test("nothing attached is said as what it is, and no matter of a filter", () => {
    assert.equal(idleWords(view([])), "nothing attached");
    assert.equal(emptyList(view([]), false), "Nothing is attached yet.");
    assert.equal(emptyList(view([]), true), "Nothing is attached any more.");
    assert.equal(emptyList(view([{}]), true), "No interface matches.");
    assert.equal(nothingTitle(false), "Nothing is attached yet");
});

test("what is there and does not count is not live", () => {
    assert.equal(idleWords(view([], { eth1: "nothing is attached to it" })), "nothing is counted");
    assert.equal(idleWords(view([{ name: "eth0", mode: "detached" }])), "nothing is counted");
    assert.equal(idleWords(view([{ name: "eth0" }], { eth1: "nothing is attached to it" })), "");
});

test("the sum says of how many it is, as people count", () => {
    assert.equal(sumWords(view([], { eth1: "x" })), "");
    assert.equal(sumWords(view([{ name: "a" }], { eth1: "x" })), "the sum of 1 interface");
    assert.match(sumWords(view([{ name: "a" }, { name: "b" }], { eth1: "x" })), /^the sum of 2 interfaces; a frame/);
});

test("the sum says what it lacks", () => {
    const problems = Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`eth${i}`, "it is gone"]));
    assert.equal(
        sumNotes(view([{ name: "a" }], problems)),
        "eth1 does not count: it is gone. eth2 does not count: it is gone. eth3 does not count: it is gone. 2 more are in the list.",
    );
    assert.equal(sumNotes(view([{ name: "a" }])), "");
    const model = new Model();
    model.take(snapshot([{ name: "a", packets: 9n }, { name: "b" }]));
    model.take(snapshot([{ name: "a", packets: 1n, at: 1, since: "2026-11-25T10:00:00.500Z" }, { name: "b", at: 1 }]));
    assert.match(sumNotes(model.view!), /^The counter of a began anew at \d\d:\d\d:01: the sum has a gap there\.$/);
});

test("coarse steps are told from steps of the traffic", () => {
    assert.equal(coarseWords(null), "");
    assert.match(coarseWords(59), /^before \d\d:\d1:00: means of 15 s$/);
});
