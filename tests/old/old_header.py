# SPDX-License-Identifier: BSD-2-Clause
"""Writes abi/xdp_counter.h as another version might have had it: old_header.py VARIANT < header > header."""

import re
import sys

FIELD = r"\t__u64 {}_packets;[^\n]*\n"


def once(pattern: str, replacement: str, text: str) -> str:
    text, number = re.subn(pattern, replacement, text)
    assert number == 1, f"{pattern!r} is there {number} times"
    return text


def small(text: str) -> str:
    """The same: compiled for size, it is another program (CMakeLists.txt)."""
    return text


def added(text: str) -> str:
    """A field that this version has not, amid the others."""
    text = once(FIELD.format("other"), "\\g<0>\t__u64 vlan_packets;\n", text)
    return once(r"sizeof\(struct pkt_stats\) == 64", "sizeof(struct pkt_stats) == 72", text)


def moved(text: str) -> str:
    """The same fields in another order."""
    classes = "".join(re.search(FIELD.format(name), text)[0] for name in ("other", "udp", "tcp", "icmp"))
    for name in ("other", "udp", "tcp"):
        text = once(FIELD.format(name), "", text)
    return once(FIELD.format("icmp"), classes, text)


def removed(text: str) -> str:
    """Without a field that this version has: there is one of another name in its place."""
    text = once(FIELD.format("ipv6"), "\t__u64 new_ip_packets;\n", text)
    return once(r"struct pkt_stats \{\n", "#define ipv6_packets new_ip_packets\n\\g<0>", text)


def cells(text: str) -> str:
    """More cells."""
    text = once(r"\tTRAFFIC_NETWORK_COUNT,\n", "\tTRAFFIC_NETWORK_COUNT = 16,\n", text)
    return once(r"== 8 \* 8 \* 8 \* 16", "== 16 * 8 * 8 * 16", text)


if __name__ == "__main__":
    sys.stdout.write(globals()[sys.argv[1]](sys.stdin.read()))
