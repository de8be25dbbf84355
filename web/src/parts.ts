// SPDX-License-Identifier: BSD-2-Clause
//
// The parts that traffic is split into, each a row of numbers everywhere: packets at column 2 * part, bytes at the next.

export interface Part {
    /** As JSON names it. */
    readonly key: string;
    /** As people name it. */
    readonly label: string;
    /** The CSS variable of its colour. */
    readonly color: string;
    readonly hint?: string;
}

export interface Group {
    readonly title: string;
    /** The first of its parts among all. */
    readonly first: number;
    readonly parts: readonly Part[];
    readonly hint: string;
}

export type Unit = "bits" | "packets";

export const TOTAL = 0;

export const PROTOCOLS: Group = {
    title: "Protocol",
    first: 1,
    hint: "What the outermost IP header carries",
    parts: [
        { key: "tcp", label: "TCP", color: "--tcp" },
        { key: "udp", label: "UDP", color: "--udp" },
        { key: "icmp", label: "ICMP", color: "--icmp", hint: "ICMP over IPv4, ICMPv6 over IPv6" },
        { key: "sctp", label: "SCTP", color: "--sctp" },
        { key: "gre", label: "GRE", color: "--gre", hint: "Generic routing encapsulation: tunnels" },
        { key: "ipsec", label: "IPsec", color: "--ipsec", hint: "ESP and AH" },
        { key: "other", label: "other", color: "--other", hint: "Every other protocol, and what is not IP" },
        { key: "truncated", label: "truncated", color: "--truncated", hint: "Frames that end before the field that names their protocol" },
    ],
};

export const VERSIONS: Group = {
    title: "IP version",
    first: 9,
    hint: "The outermost network layer",
    parts: [
        { key: "4", label: "IPv4", color: "--ipv4" },
        { key: "6", label: "IPv6", color: "--ipv6" },
        { key: "none", label: "not IP", color: "--other", hint: "ARP, LLDP, MPLS, PPPoE and the like" },
    ],
};

export const SIZES: Group = {
    title: "Frame size",
    first: 12,
    hint: "Bytes of a frame without the frame check sequence",
    parts: [
        { key: "0_64", label: "up to 64", color: "--size-0" },
        { key: "65_127", label: "65–127", color: "--size-1" },
        { key: "128_255", label: "128–255", color: "--size-2" },
        { key: "256_511", label: "256–511", color: "--size-3" },
        { key: "512_1023", label: "512–1023", color: "--size-4" },
        { key: "1024_1518", label: "1024–1518", color: "--size-5" },
        { key: "1519_9018", label: "1519–9018", color: "--size-6", hint: "Jumbo frames" },
        { key: "9019_more", label: "over 9018", color: "--size-7" },
    ],
};

/** The network layers in full: shown as of now, not kept for the charts. */
export const NETWORKS: Group = {
    title: "Network layer",
    first: 20,
    hint: "The outermost network layer",
    parts: [
        { key: "ipv4", label: "IPv4", color: "--ipv4" },
        { key: "ipv4_fragment", label: "IPv4 fragments", color: "--ipv4", hint: "Fragments that are not the first of their datagram" },
        { key: "ipv6", label: "IPv6", color: "--ipv6" },
        { key: "ipv6_fragment", label: "IPv6 fragments", color: "--ipv6", hint: "Fragments that are not the first of their datagram" },
        { key: "arp", label: "ARP", color: "--other" },
        { key: "mpls", label: "MPLS", color: "--other" },
        { key: "pppoe", label: "PPPoE", color: "--other" },
        { key: "other", label: "neither", color: "--other" },
    ],
};

export const CHARTED: readonly Group[] = [PROTOCOLS, VERSIONS, SIZES];

/** Columns that the history keeps: all but those of NETWORKS. */
export const HISTORY_COLUMNS = 2 * NETWORKS.first;
export const COLUMNS = HISTORY_COLUMNS + 2 * NETWORKS.parts.length;

export function column(part: number, unit: Unit): number {
    return 2 * part + (unit === "bits" ? 1 : 0);
}
