// SPDX-License-Identifier: BSD-2-Clause
//
// Documents as the server sends them, as text: numbers in them are exact.

import { parseExact } from "../src/json.ts";
import { NETWORKS, PROTOCOLS, SIZES } from "../src/parts.ts";
import { type Interface, readSnapshot, type Snapshot } from "../src/snapshot.ts";

export interface Sample {
    name?: string;
    since?: string;
    mode?: string;
    /** Seconds after the first. */
    at?: number;
    packets?: bigint;
    bytes?: bigint;
    breakdown?: boolean;
}

const START = Date.parse("2026-11-25T10:00:00.000Z");

export function moment(at: number): number {
    return START + at * 1000;
}

/** All that arrives is TCP over IPv4, a third of it in fragments, in frames of up to 1518 bytes. */
export function interfaceText({ name = "eth0", since = "2026-11-25T09:00:00.000Z", mode = "native", at = 0, packets = 0n, bytes = 0n, breakdown = true }: Sample): string {
    const sums = (keys: readonly string[], shares: Record<string, [bigint, bigint]>) =>
        `{${keys.map((key) => `"${key}":{"packets":${shares[key]?.[0] ?? 0n},"bytes":${shares[key]?.[1] ?? 0n}}`).join(",")}}`;
    const keys = (group: typeof SIZES) => group.parts.map((part) => part.key);
    const third = [packets / 3n, bytes / 3n] as [bigint, bigint];
    const rest = [packets - third[0], bytes - third[1]] as [bigint, bigint];
    const traffic = `,"traffic":{"by_network":${sums(keys(NETWORKS), { ipv4: rest, ipv4_fragment: third })},"by_transport":${sums(keys(PROTOCOLS), { tcp: [packets, bytes] })},"by_size":${sums(keys(SIZES), { "1024_1518": [packets, bytes] })},"cells":[]}`;
    return (
        `{"interface":${JSON.stringify(name)},"ifindex":2,"mode":"${mode}","program_id":7,"program_tag":"568943879e2bbad8","since":"${since}",` +
        `"layout":"percpu","breakdown":${breakdown},"taken":"${new Date(moment(at)).toISOString()}",` +
        `"stats":{"total_packets":${packets},"total_bytes":${bytes},"icmp_packets":0,"tcp_packets":${packets},"udp_packets":0,"other_packets":0,"ipv4_packets":${packets},"ipv6_packets":0}` +
        `${breakdown ? traffic : ""}}`
    );
}

export function snapshot(samples: readonly Sample[], problems: Record<string, string> = {}): Snapshot {
    const list = Object.entries(problems).map(([name, problem]) => ({ interface: name, problem }));
    return readSnapshot(
        parseExact(`{"schema":"xdpstat.show/1","interfaces":[${samples.map(interfaceText).join(",")}],"problems":${JSON.stringify(list)}}`),
    );
}

export function one(sample: Sample): Interface {
    return snapshot([sample]).interfaces[0];
}
