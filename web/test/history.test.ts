// SPDX-License-Identifier: BSD-2-Clause

import assert from "node:assert/strict";
import test from "node:test";
import { History, KEPT, putSum, SPAN, takeHistory } from "../src/history.ts";
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
    history.put(190_000, 205_000, rates(4), "coarse");
    assert.deepEqual([200, 201, 202].map((second) => history.at(PACKETS, second)), [4, 7, 4]);
});

test("a mean leaves gaps out", () => {
    const history = new History();
    history.put(10_000, 12_000, rates(4));
    assert.equal(history.mean(PACKETS, 8, 13), 4);
    assert.ok(Number.isNaN(history.mean(PACKETS, 0, 5)));
});

test("what is only known in coarse steps is marked, until it is known by the second", () => {
    const history = new History();
    history.put(200_000, 215_000, rates(4), "coarse");
    history.put(215_000, 216_000, rates(5));
    assert.equal(history.coarseUntil("total", 0, 300), 215);
    assert.equal(history.coarseUntil("parts", 0, 300), null);
    assert.equal(history.coarseUntil("total", 216, 300), null);
    history.put(205_000, 215_000, rates(6));
    assert.equal(history.coarseUntil("total", 0, 300), 205);
    history.put((215 + KEPT) * 1000, (216 + KEPT) * 1000, rates(1));
    assert.equal(history.coarseUntil("total", 0, 300 + KEPT), null);
});

test("packets and bytes alone change nothing of the parts", () => {
    const history = new History();
    const parts = rates(8);
    parts[column(PROTOCOLS.first, "packets")] = 8;
    history.put(200_000, 215_000, parts, "coarse");
    history.put(200_000, 201_000, rates(3));
    assert.equal(history.at(PACKETS, 201), 3);
    assert.equal(history.at(column(PROTOCOLS.first, "packets"), 201), 8);
    assert.equal(history.coarseUntil("parts", 0, 300), 215);
});

/** The sum of histories, second by second; null where it has a gap. */
function sum(all: readonly History[], begin: number, end: number): (number | null)[] {
    const total = new History();
    putSum(total, all, begin, end, "all");
    return Array.from({ length: end - begin }, (_, i) => {
        const value = total.at(PACKETS, begin + i);
        return Number.isNaN(value) ? null : value;
    });
}

test("a sum has a gap where something is missing of one of them, and no dip", () => {
    const [a, b] = [new History(), new History()];
    a.put(100_000, 140_000, rates(4));
    b.put(100_000, 110_000, rates(6));
    // A coarse step in which it began anew.
    b.put(125_000, 140_000, rates(6));
    assert.deepEqual(sum([a, b], 101, 141), [...Array(10).fill(10), ...Array(15).fill(null), ...Array(15).fill(10)]);
});

test("a sum goes on without one that is away, and has a gap where it came and went", () => {
    const [a, b] = [new History(), new History()];
    a.put(100_000, 200_000, rates(4));
    b.put(100_000, 110_000, rates(6));
    b.put(170_000, 180_000, rates(6));
    const whole = sum([a, b], 101, 201);
    assert.deepEqual(whole.slice(0, 12), [...Array(10).fill(10), null, 4]);
    assert.deepEqual(whole.slice(67, 82), [4, 4, null, ...Array(10).fill(10), null, 4]);
    assert.equal(whole[99], 4);
});

test("one that receives nothing makes no gap in the sum", () => {
    const [a, b] = [new History(), new History()];
    a.put(100_000, 110_000, rates(4));
    b.put(100_000, 103_000, rates(0));
    b.put(105_000, 107_000, rates(0));
    assert.deepEqual(sum([a, b], 101, 111), Array(10).fill(4));
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

test("a document of all interfaces gives their sum, the past of those that are gone included", () => {
    const names = new Map<string, History>();
    const of = (name: string) => names.set(name, names.get(name) ?? new History()).get(name)!;
    const one = (name: string, step: number) =>
        `{"interface":"${name}","time":[50000,${50_000 + step * 1000}],"stats":{"total_packets":[0,${step * 3}],"total_bytes":[0,0]}}`;
    const text = (step: number) => parseExact(`{"schema":"xdpstat.history/1","step":${step},"interfaces":[${one("a", step)},${one("b", step)}]}`);
    const total = new History();
    takeHistory(text(15), of, { history: total, gapsOnly: false });
    assert.equal(total.at(PACKETS, 60), 6);
    assert.equal(total.coarseUntil("total", 0, 100), 65);
    takeHistory(text(14), of);
    assert.equal(total.at(PACKETS, 60), 6);
    const seconds = parseExact(`{"step":1,"interfaces":[${one("a", 15)},${one("b", 15)}]}`);
    takeHistory(seconds, of, { history: total, gapsOnly: true });
    assert.equal(total.coarseUntil("total", 0, 100), 65, "the last seconds alone replace nothing");
    takeHistory(seconds, of, { history: total, gapsOnly: false });
    assert.equal(total.coarseUntil("total", 0, 100), null);
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
