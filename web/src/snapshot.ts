// SPDX-License-Identifier: BSD-2-Clause

import { exact, field, list, text } from "./json.ts";
import { COLUMNS, type Group, NETWORKS, PROTOCOLS, SIZES, TOTAL, VERSIONS } from "./parts.ts";

/** The counters of a column, all exact; null where it is not counted. */
export type Counters = readonly (bigint | null)[];

/** One interface of a snapshot: what `xdpstat show --json` says of it. */
export interface Interface {
    readonly name: string;
    readonly ifindex: number;
    readonly mode: string;
    readonly programId: number;
    readonly programTag: string;
    readonly since: string;
    readonly layout: string;
    readonly breakdown: boolean;
    /** Milliseconds since 1970, by the clock of the machine that counts. */
    readonly taken: number;
    readonly counters: Counters;
    /** The eight headline counters, by name. */
    readonly stats: ReadonlyMap<string, bigint>;
}

export interface Snapshot {
    readonly interfaces: readonly Interface[];
    /** What is wrong with those that do not count or could not be read, by name. */
    readonly problems: ReadonlyMap<string, string>;
}

const SCHEMA = "xdpstat.show/1";
const VERSIONS_OF = { "4": ["ipv4", "ipv4_fragment"], "6": ["ipv6", "ipv6_fragment"] } as const;
const CLASSES = ["tcp", "udp", "icmp", "other"];

type Row = (bigint | null)[];

function put(row: Row, group: Group, key: string, packets: bigint | null, bytes: bigint | null): void {
    const index = group.parts.findIndex((part) => part.key === key);
    row[2 * (group.first + index)] = packets;
    row[2 * (group.first + index) + 1] = bytes;
}

/** The cells of a breakdown; a name that this page does not know is left out, as the format asks of its readers. */
function putCells(row: Row, group: Group, cells: unknown): void {
    for (const { key } of group.parts) {
        const cell = field(cells, key);
        put(row, group, key, exact(field(cell, "packets")), exact(field(cell, "bytes")));
    }
}

function minus(from: bigint | null, ...parts: (bigint | null)[]): bigint | null {
    if (from === null) return null;
    const rest = parts.reduce<bigint>((left, part) => left - (part ?? 0n), from);
    return rest > 0n ? rest : 0n;
}

/** IPv4 and IPv6 with their fragments, and what is neither, from the cells by network layer. */
function putVersions(row: Row, cells: unknown): void {
    for (const kind of ["packets", "bytes"] as const) {
        const of = (keys: readonly string[]) =>
            keys.reduce<bigint>((sum, key) => sum + (exact(field(field(cells, key), kind)) ?? 0n), 0n);
        const offset = kind === "bytes" ? 1 : 0;
        const all = of(NETWORKS.parts.map((part) => part.key));
        const [v4, v6] = [of(VERSIONS_OF["4"]), of(VERSIONS_OF["6"])];
        [v4, v6, minus(all, v4, v6)].forEach((value, i) => (row[2 * (VERSIONS.first + i) + offset] = value));
    }
}

/** All columns of a snapshot's `stats` and `traffic`. */
export function columns(stats: unknown, traffic: unknown): Counters {
    const row: Row = new Array(COLUMNS).fill(null);
    const headline = (name: string) => exact(field(stats, name));
    row[2 * TOTAL] = headline("total_packets");
    row[2 * TOTAL + 1] = headline("total_bytes");
    if (typeof traffic === "object" && traffic !== null) {
        putCells(row, PROTOCOLS, field(traffic, "by_transport"));
        putCells(row, SIZES, field(traffic, "by_size"));
        putCells(row, NETWORKS, field(traffic, "by_network"));
        putVersions(row, field(traffic, "by_network"));
        return row;
    }
    // Without a breakdown there are the classes, in packets alone.
    for (const key of CLASSES) put(row, PROTOCOLS, key, headline(`${key}_packets`), null);
    const [v4, v6] = [headline("ipv4_packets"), headline("ipv6_packets")];
    put(row, VERSIONS, "4", v4, null);
    put(row, VERSIONS, "6", v6, null);
    put(row, VERSIONS, "none", minus(row[2 * TOTAL], v4, v6), null);
    return row;
}

function headlines(stats: unknown): ReadonlyMap<string, bigint> {
    const found = new Map<string, bigint>();
    for (const name of Object.keys((stats ?? {}) as object)) {
        const value = exact(field(stats, name));
        if (value !== null) found.set(name, value);
    }
    return found;
}

function readInterface(value: unknown): Interface {
    const stats = field(value, "stats");
    return {
        name: text(field(value, "interface")),
        ifindex: Number(field(value, "ifindex") ?? 0),
        mode: text(field(value, "mode")),
        programId: Number(field(value, "program_id") ?? 0),
        programTag: text(field(value, "program_tag")),
        since: text(field(value, "since")),
        layout: text(field(value, "layout")),
        breakdown: field(value, "breakdown") === true,
        taken: Date.parse(text(field(value, "taken"))),
        counters: columns(stats, field(value, "traffic")),
        stats: headlines(stats),
    };
}

/** The document that parseExact() read. Throws where it is none of this version. */
export function readSnapshot(document: unknown): Snapshot {
    const schema = field(document, "schema");
    if (schema !== SCHEMA) throw new Error(`expected ${SCHEMA}, and the server sent ${String(schema)}`);
    const problems = new Map<string, string>();
    for (const entry of list(field(document, "problems"))) {
        problems.set(text(field(entry, "interface")), text(field(entry, "problem")));
    }
    return { interfaces: list(field(document, "interfaces")).map(readInterface), problems };
}
