// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { History, KEPT, SPAN, sumAt, sumOfMeans, takeHistory } from "../src/history.ts";
import { parseExact } from "../src/json.ts";
import { COLUMNS, column, PROTOCOLS, TOTAL, VERSIONS } from "../src/parts.ts";

const PACKETS = column(TOTAL, "packets");

function rates(packets: number): Float64Array {
    const made = new Float64Array(COLUMNS).fill(NaN);
    made[PACKETS] = packets;
    return made;
}

test("a second has the rate of the reading that ends in it, without holes where readings jitter", () => {
    const history = new History();
    const times = [10_020, 11_001, 11_998, 13_010, 14_000];
    times.slice(1).forEach((to, i) => history.put(times[i], to, rates(i + 1)));
    assert.deepEqual([11, 12, 13, 14].map((second) => history.at(PACKETS, second)), [1, 3, 3, 4]);
    assert.ok(Number.isNaN(history.at(PACKETS, 10)));
    assert.ok(Number.isNaN(history.at(PACKETS, 15)));
});

test("a long time between two readings has their mean", () => {
    const history = new History();
    history.put(100_000, 160_000, rates(5));
    assert.equal(history.at(PACKETS, 101), 5);
    assert.equal(history.at(PACKETS, 160), 5);
});

test("what nothing is known of is a gap, also where a slot was used before", () => {
    const history = new History();
    history.put(100_000, 101_000, rates(1));
    const later = 101 + KEPT;
    history.put((later + 5) * 1000, (later + 6) * 1000, rates(2));
    assert.ok(Number.isNaN(history.at(PACKETS, later)));
    assert.ok(Number.isNaN(history.at(PACKETS, 101)));
    assert.equal(history.at(PACKETS, later + 6), 2);
});

test("a day of silence does not take long, and what is older than all slots is left out", () => {
    const history = new History();
    history.put(0, 1000, rates(1));
    history.put(1000, 86_401_000, rates(3));
    assert.equal(history.at(PACKETS, 86_401), 3);
    history.put(1000, 2000, rates(9));
    assert.equal(history.at(PACKETS, 86_401 - KEPT + 1), 3);
    assert.ok(KEPT >= 2 * SPAN);
});

test("history that comes after the first snapshots fills what was before them", () => {
    const history = new History();
    history.put(200_000, 201_000, rates(7));
    history.put(198_000, 200_000, rates(4));
    assert.deepEqual([199, 200, 201].map((second) => history.at(PACKETS, second)), [4, 4, 7]);
});

test("what is known by the second is not overwritten by what is known by the minute", () => {
    const history = new History();
    history.put(200_000, 201_000, rates(7));
    history.put(190_000, 205_000, rates(4), true);
    assert.deepEqual([200, 201, 202].map((second) => history.at(PACKETS, second)), [4, 7, 4]);
});

test("means and sums leave gaps out", () => {
    const [a, b] = [new History(), new History()];
    a.put(10_000, 12_000, rates(4));
    b.put(11_000, 12_000, rates(6));
    assert.equal(a.mean(PACKETS, 8, 13), 4);
    assert.ok(Number.isNaN(a.mean(PACKETS, 0, 5)));
    assert.equal(sumAt([a, b], PACKETS, 12), 10);
    assert.equal(sumAt([a, b], PACKETS, 11), 4);
    assert.ok(Number.isNaN(sumAt([a, b], PACKETS, 5)));
    assert.equal(sumOfMeans([a, b], PACKETS, 11, 13), 10);
});

/** Three rows, a second apart; TCP over IPv6 alone, as far as the document splits it. */
function document(packets: readonly bigint[], traffic: boolean): unknown {
    const column = `[${packets.join(",")}]`;
    const cell = `{"packets":${column},"bytes":${column}}`;
    const split = `,"traffic":{"by_transport":{"tcp":${cell}},"by_ip_version":{"6":${cell}},"by_size":{}}`;
    const stats = `{"total_packets":${column},"total_bytes":${column},"tcp_packets":${column},"ipv6_packets":${column}}`;
    const time = `[${packets.map((_, i) => 50_000 + i * 1000).join(",")}]`;
    return parseExact(`{"schema":"xdpstat.history/1","step":1,"interfaces":[{"interface":"eth0","time":${time},"stats":${stats}${traffic ? split : ""}}]}`);
}

test("a history document becomes rates, exact beyond 2^53 and without a spike where a counter began anew", () => {
    const history = new History();
    const high = 2n ** 53n;
    takeHistory(document([high, high + 1n, 5n, 8n], true), () => history);
    assert.equal(history.at(PACKETS, 51), 1);
    assert.ok(Number.isNaN(history.at(PACKETS, 52)));
    assert.equal(history.at(PACKETS, 53), 3);
    assert.equal(history.at(column(PROTOCOLS.first, "bits"), 51), 1);
    assert.equal(history.at(column(VERSIONS.first + 1, "packets"), 51), 1);
    assert.ok(Number.isNaN(history.at(column(VERSIONS.first, "packets"), 51)));
});

test("without a breakdown there are packets of classes and versions", () => {
    const history = new History();
    takeHistory(document([1n, 3n], false), () => history);
    assert.equal(history.at(column(PROTOCOLS.first, "packets"), 51), 2);
    assert.equal(history.at(column(VERSIONS.first + 1, "packets"), 51), 2);
    assert.ok(Number.isNaN(history.at(column(PROTOCOLS.first, "bits"), 51)));
});

test("an empty or strange document is no history", () => {
    for (const strange of [null, {}, { interfaces: 5 }, { interfaces: [{}] }, { interfaces: [{ interface: "eth0", time: [1] }] }]) {
        takeHistory(strange, () => new History());
    }
});
