#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts side by side what was sent, what was counted and what the kernel says, and fails if any of it differs.

    compare.py SENT COUNTED BEFORE AFTER

SENT is what `traffic.py send` wrote, COUNTED the output of `xdpstat show IFACE --json`, BEFORE and AFTER those
of `ip -j -s link show dev IFACE` around the traffic.
"""

import json
import os
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ETHERNET_HEADER = 14  # bytes
JUMBO = 9000  # bytes
PAGE_WIDTH = 80

NETWORK_LABELS = {
    "arp": "ARP",
    "ipv4": "IPv4",
    "ipv4_fragment": "IPv4 fragment",
    "ipv6": "IPv6",
    "ipv6_fragment": "IPv6 fragment",
    "mpls": "MPLS",
    "pppoe": "PPPoE",
    "other": "other ethertype",
}
TRANSPORT_LABELS = {
    "tcp": "TCP",
    "udp": "UDP",
    "icmp": "ICMP",
    "sctp": "SCTP",
    "gre": "GRE",
    "ipsec": "IPsec",
    "other": "other",
    "truncated": "truncated",
}
CLASSES = ("icmp", "tcp", "udp", "other")


Cells = dict[tuple[str, str, str], tuple[int, int]]  # (network, transport, size): (packets, bytes)


@dataclass
class Row:
    """A figure from two sources: (packets, bytes) of each."""

    label: str
    truth: tuple[int, int]
    found: tuple[int, int]

    @property
    def equal(self) -> bool:
        return self.truth == self.found


@dataclass
class Check:
    label: str
    equal: bool


@dataclass
class Comparison:
    kinds: list[Row]
    totals: list[Row]
    checks: list[Check]
    traits: dict[str, int]
    notes: list[str]

    @property
    def equal(self) -> bool:
        return all(part.equal for part in (*self.kinds, *self.totals, *self.checks))


def size_key(length: int, keys: list[str]) -> str:
    """The bucket of a length; a key is FIRST_LAST, or FIRST_more without an end."""
    for key in keys:
        first, last = key.split("_")
        if int(first) <= length and (last == "more" or length <= int(last)):
            return key
    raise ValueError(f"no size of {keys} holds a frame of {length} bytes")


def add_cell(cells: dict, key: tuple, packets: int, length_sum: int) -> None:
    before = cells.get(key, (0, 0))
    cells[key] = (before[0] + packets, before[1] + length_sum)


def sent_cells(sent: dict, size_keys: list[str]) -> Cells:
    cells = {}
    for network, transport, length, packets in sent["frames"]:
        add_cell(cells, (network, transport, size_key(length, size_keys)), packets, packets * length)
    return cells


def counted_cells(traffic: dict) -> Cells:
    cells = {}
    for cell in traffic["cells"]:
        add_cell(cells, (cell["network"], cell["transport"], cell["size"]), cell["packets"], cell["bytes"])
    return cells


def headline(cells: Cells) -> dict:
    """The counters of the headline that cells add up to."""
    counters = Counter({f"{name}_packets": 0 for name in ("total", *CLASSES, "ipv4", "ipv6")}, total_bytes=0)
    for (network, transport, _), (packets, length_sum) in cells.items():
        counters["total_packets"] += packets
        counters["total_bytes"] += length_sum
        counters[f"{transport if transport in CLASSES else 'other'}_packets"] += packets
        version = network.removesuffix("_fragment")
        if version in ("ipv4", "ipv6"):
            counters[f"{version}_packets"] += packets
    return dict(counters)


def label_of(network: str, transport: str) -> str:
    network_label = NETWORK_LABELS.get(network, network)
    if transport == "other" and not network.startswith("ip"):
        return network_label
    return f"{network_label} {TRANSPORT_LABELS.get(transport, transport)}"


def kind_rows(sent: Cells, counted: Cells) -> list[Row]:
    """A row for each network and transport that either side knows, in the order of the labels."""
    sides = ({}, {})
    for side, cells in zip(sides, (sent, counted)):
        for (network, transport, _), (packets, length_sum) in cells.items():
            add_cell(side, (network, transport), packets, length_sum)
    order = [*NETWORK_LABELS], [*TRANSPORT_LABELS]

    def place(kind: tuple[str, str]) -> list:
        return [(name not in names, names.index(name) if name in names else name) for name, names in zip(kind, order)]

    return [
        Row(label_of(*kind), *(side.get(kind, (0, 0)) for side in sides))
        for kind in sorted({**sides[0], **sides[1]}, key=place)
    ]


def kernel_row(truth: tuple[int, int], before: dict, after: dict) -> tuple[Row, list[str]]:
    """What the kernel received, Ethernet headers included.

    veth adds a frame to rx_bytes after its header was taken off; a kernel where it does not is right, too.
    """
    packets, length_sum = (after["stats64"]["rx"][name] - before["stats64"]["rx"][name] for name in ("packets", "bytes"))
    label = "received, by the kernel's rx counters"
    headers = packets * ETHERNET_HEADER
    if length_sum + headers != truth[1]:
        return Row(label, truth, (packets, length_sum)), []
    note = (
        f"rx_bytes itself is {length_sum:,}: veth leaves out the {ETHERNET_HEADER} bytes of each frame's "
        f"Ethernet header, {headers:,} in all, which are added here."
    )
    return Row(label, truth, (packets, length_sum + headers)), [note]


def compare(sent: dict, counted: dict, before: dict, after: dict) -> Comparison:
    """Raises KeyError or ValueError on input of another form."""
    (interface,) = counted["interfaces"]
    stats, traffic = interface["stats"], interface["traffic"]
    truth = sent_cells(sent, list(traffic["by_size"]))
    cells = counted_cells(traffic)
    expected = headline(truth)
    total = expected["total_packets"], expected["total_bytes"]
    jumbo = sum(packets for _, _, length, packets in sent["frames"] if length >= JUMBO)
    kernel, notes = kernel_row(total, before, after)
    return Comparison(
        kinds=kind_rows(truth, cells),
        totals=[
            Row("sent, by a capture on the sending end", total, total),
            Row("counted by xdpstat", total, (stats["total_packets"], stats["total_bytes"])),
            kernel,
        ],
        checks=[
            Check("every raw frame was seen on the wire, as what it was made", sent["raw_made"] == sent["raw_captured"]),
            Check(f"all {len(truth)} cells of network, transport and frame size", truth == cells),
            Check("all counters of the headline", expected == stats),
        ],
        traits=sent["traits"] | {f"of {JUMBO:,} bytes and more": jumbo},
        notes=notes,
    )


def mark(equal: bool, color: bool) -> str:
    word = "equal" if equal else "DIFFERS"
    if not color:
        return word
    return f"\033[{32 if equal else 31}m{word}\033[0m"


def text(comparison: Comparison, color: bool) -> str:
    lines = [f"{'':24}{'frames':>18}{'bytes':>26}", f"{'kind':24}{'sent':>9}{'counted':>9}{'sent':>13}{'counted':>13}"]
    for row in comparison.kinds:
        frames = f"{row.truth[0]:9,}{row.found[0]:9,}"
        lines.append(f"{row.label:24}{frames}{row.truth[1]:13,}{row.found[1]:13,}  {mark(row.equal, color)}")
    lines += ["", f"{'in all':42}{'frames':>10}{'bytes':>16}"]
    for row in comparison.totals:
        same = "" if row is comparison.totals[0] else f"  {mark(row.equal, color)}"
        lines.append(f"{row.label:42}{row.found[0]:10,}{row.found[1]:16,}{same}")
    lines.append("")
    lines += [f"{check.label:68}  {mark(check.equal, color)}" for check in comparison.checks]
    traits = ", ".join(f"{count:,} {trait}" for trait, count in comparison.traits.items())
    for paragraph in (f"Among the frames: {traits}.", *comparison.notes):
        lines += ["", *textwrap.wrap(paragraph, PAGE_WIDTH)]
    return "\n".join(lines) + "\n"


def load(path: str) -> dict:
    return json.loads(Path(path).read_text())


def main() -> int:
    if len(sys.argv) != 5:
        print("usage: compare.py SENT COUNTED BEFORE AFTER", file=sys.stderr)
        return 2
    sent, counted, before, after = (load(path) for path in sys.argv[1:])
    comparison = compare(sent, counted, before[0], after[0])
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    print(text(comparison, color), end="")
    return 0 if comparison.equal else 1


if __name__ == "__main__":
    sys.exit(main())
