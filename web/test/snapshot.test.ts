// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { COLUMNS, column, NETWORKS, PROTOCOLS, SIZES, TOTAL, VERSIONS } from "../src/parts.ts";
import { readSnapshot } from "../src/snapshot.ts";
import { moment, one, snapshot } from "./samples.ts";

test("every part has columns of its own", () => {
    const taken = [TOTAL, ...[PROTOCOLS, VERSIONS, SIZES, NETWORKS].flatMap((group) => group.parts.map((_, i) => group.first + i))];
    assert.equal(new Set(taken).size, taken.length);
    assert.equal(2 * taken.length, COLUMNS);
});

test("an interface is read with its breakdown", () => {
    const eth0 = one({ packets: 30n, bytes: 30000n, at: 5 });
    assert.equal(eth0.name, "eth0");
    assert.equal(eth0.taken, moment(5));
    assert.equal(eth0.counters[column(TOTAL, "packets")], 30n);
    assert.equal(eth0.counters[column(PROTOCOLS.first, "bits")], 30000n);
    assert.equal(eth0.counters[column(SIZES.first + 5, "packets")], 30n);
    // Fragments are of their version.
    assert.equal(eth0.counters[column(VERSIONS.first, "packets")], 30n);
    assert.equal(eth0.counters[column(VERSIONS.first + 1, "packets")], 0n);
    assert.equal(eth0.stats.get("tcp_packets"), 30n);
});

test("without a breakdown there are packets of the classes, and no bytes", () => {
    const eth0 = one({ packets: 30n, bytes: 30000n, breakdown: false });
    assert.equal(eth0.breakdown, false);
    assert.equal(eth0.counters[column(PROTOCOLS.first, "packets")], 30n);
    assert.equal(eth0.counters[column(PROTOCOLS.first, "bits")], null);
    assert.equal(eth0.counters[column(VERSIONS.first + 2, "packets")], 0n);
    assert.equal(eth0.counters[column(SIZES.first, "packets")], null);
});

test("what is wrong with an interface is kept", () => {
    const { interfaces, problems } = snapshot([{}], { eth1: "cannot open the pin" });
    assert.equal(interfaces.length, 1);
    assert.deepEqual([...problems], [["eth1", "cannot open the pin"]]);
});

test("another version of the format is refused, more fields are not", () => {
    assert.throws(() => readSnapshot({ schema: "xdpstat.show/2", interfaces: [] }), /xdpstat.show\/2/);
    assert.throws(() => readSnapshot(null));
    assert.deepEqual(readSnapshot({ schema: "xdpstat.show/1", interfaces: [], later: 1 }).interfaces, []);
});
