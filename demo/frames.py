# SPDX-License-Identifier: BSD-2-Clause
"""Frames that no ordinary program sends, built from layers.

They are addressed to a host that does not exist, so that the receiving network stack drops them silently:
the counter sits before that stack and counts them all the same.
"""

import socket
import struct
from typing import NamedTuple

# Locally administered addresses; the source tells these frames from those that the kernel sends.
SOURCE = bytes.fromhex("0200005ad001")
NOBODY = bytes.fromhex("0200005ad002")
BROADCAST = b"\xff" * 6
LLDP_BRIDGE = bytes.fromhex("0180c200000e")

# 203.0.113.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849).
IPV4_ENDS = socket.inet_aton("203.0.113.1") + socket.inet_aton("203.0.113.2")
IPV6_ENDS = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "2001:db8::2")

IPV4, ARP, C_TAG, IPV6, MPLS, PPPOE_SESSION, S_TAG, LLDP, EXPERIMENT = (
    0x0800, 0x0806, 0x8100, 0x86DD, 0x8847, 0x8864, 0x88A8, 0x88CC, 0x88B5,
)  # fmt: skip
HOP_BY_HOP, ICMP, IPIP, TCP, UDP, ROUTING, FRAGMENT, GRE, ESP, AH, ICMPV6, DESTINATION, SCTP = (
    0, 1, 4, 6, 17, 43, 44, 47, 50, 51, 58, 60, 132,
)  # fmt: skip

MORE_FRAGMENTS = 0x2000


class Batch(NamedTuple):
    """`count` frames alike, and what each is: a third opinion beside the capture's and the counter's."""

    count: int
    network: str
    transport: str
    frame: bytes


def ethernet(ethertype: int, payload: bytes, destination: bytes = NOBODY, tags: tuple = ()) -> bytes:
    """`tags` are the ethertypes of the tags, outermost first; each gets a VLAN of its own."""
    header = destination + SOURCE
    for number, tag in enumerate(tags):
        header += struct.pack("!HH", tag, 100 + number)
    return header + struct.pack("!H", ethertype) + payload


def checksum(data: bytes) -> int:
    """RFC 1071, over an even number of bytes."""
    total = sum(word for (word,) in struct.iter_unpack("!H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol: int, payload: bytes, fragment: int = 0, options: bytes = b"") -> bytes:
    """`fragment` is the 16-bit field of flags and offset; `options` is a multiple of 4 bytes long."""
    words = 5 + len(options) // 4
    length = words * 4 + len(payload)
    start = struct.pack("!BBHHHBBH", 0x40 | words, 0, length, 7, fragment, 64, protocol, 0)
    right = checksum(start + IPV4_ENDS + options)
    return start[:10] + struct.pack("!H", right) + IPV4_ENDS + options + payload


def ipv6(next_header: int, payload: bytes) -> bytes:
    return struct.pack("!IHBB", 0x60000000, len(payload), next_header, 64) + IPV6_ENDS + payload


def extension(next_header: int, payload: bytes) -> bytes:
    """Hop-by-hop or destination options: 8 bytes, filled by one PadN option."""
    return struct.pack("!BBBB4x", next_header, 0, 1, 4) + payload


def routing(next_header: int, payload: bytes) -> bytes:
    """Type 4 (segment routing, RFC 8754) with one segment, no segment left."""
    return struct.pack("!BBBBBBH", next_header, 2, 4, 0, 0, 0, 0) + IPV6_ENDS[16:] + payload


def fragment(next_header: int, payload: bytes, offset: int, more: bool) -> bytes:
    """`offset` in bytes, a multiple of 8."""
    return struct.pack("!BBHI", next_header, 0, offset | more, 7) + payload


def authentication(next_header: int, payload: bytes) -> bytes:
    """With an integrity check value of 12 bytes: 24 bytes in all, and a length of 24 / 4 - 2."""
    return struct.pack("!BBHII12x", next_header, 4, 0, 1, 1) + payload


def udp(size: int) -> bytes:
    return struct.pack("!HHHH", 40000, 9, 8 + size, 0) + bytes(size)


def tcp(size: int) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, 9, 1, 1, 0x50, 0x10, 512, 0, 0) + bytes(size)


def icmp(kind: int, size: int) -> bytes:
    return struct.pack("!BBHHH", kind, 0, 0, 7, 1) + bytes(size)


def sctp() -> bytes:
    """A common header and a DATA chunk of 40 bytes (RFC 9260)."""
    return struct.pack("!HHII", 40000, 9, 1, 0) + struct.pack("!BBHIHHI", 0, 3, 56, 1, 0, 0, 0) + bytes(40)


def arp_request() -> bytes:
    return struct.pack("!HHBBH", 1, IPV4, 6, 4, 1) + SOURCE + IPV4_ENDS[:4] + bytes(6) + IPV4_ENDS[4:]


def lldp() -> bytes:
    """Chassis, port, time to live, end (IEEE 802.1AB)."""
    return (
        struct.pack("!HB", 1 << 9 | 7, 4) + SOURCE
        + struct.pack("!HB", 2 << 9 | 7, 3) + SOURCE
        + struct.pack("!HH", 3 << 9 | 2, 120) + b"\0\0"
    )  # fmt: skip


def filled(ethertype: int, size: int, wrap) -> bytes:
    """A frame of exactly `size` bytes: `wrap` makes the packet around a payload of the length it is given."""
    empty = len(ethernet(ethertype, wrap(0)))
    return ethernet(ethertype, wrap(size - empty))


def ip_batches(largest: int) -> list[Batch]:
    tunnelled = struct.pack("!HH", 0, IPV4) + ipv4(TCP, tcp(64))
    chain = extension(ROUTING, routing(DESTINATION, extension(FRAGMENT, fragment(UDP, udp(300), 0, True))))
    return [
        # Tagged once and twice
        Batch(300, "ipv4", "udp", ethernet(IPV4, ipv4(UDP, udp(100)), tags=(C_TAG,))),
        Batch(200, "ipv6", "tcp", ethernet(IPV6, ipv6(TCP, tcp(400)), tags=(C_TAG,))),
        Batch(250, "ipv4", "tcp", ethernet(IPV4, ipv4(TCP, tcp(1000)), tags=(S_TAG, C_TAG))),
        Batch(100, "ipv6", "icmp", ethernet(IPV6, ipv6(ICMPV6, icmp(128, 200)), tags=(S_TAG, C_TAG))),
        # Extension headers, one and several
        Batch(200, "ipv6", "udp", ethernet(IPV6, ipv6(HOP_BY_HOP, extension(UDP, udp(50))))),
        Batch(200, "ipv6", "tcp", ethernet(IPV6, ipv6(ROUTING, routing(TCP, tcp(700))))),
        Batch(150, "ipv6", "icmp", ethernet(IPV6, ipv6(DESTINATION, extension(ICMPV6, icmp(128, 20))))),
        Batch(100, "ipv6", "udp", ethernet(IPV6, ipv6(AH, authentication(UDP, udp(20))))),
        Batch(150, "ipv6", "udp", ethernet(IPV6, ipv6(HOP_BY_HOP, chain))),
        # First, next and last fragments
        Batch(100, "ipv6", "udp", ethernet(IPV6, ipv6(FRAGMENT, fragment(UDP, udp(1224), 0, True)))),
        Batch(100, "ipv6_fragment", "udp", ethernet(IPV6, ipv6(FRAGMENT, fragment(UDP, bytes(1232), 1232, True)))),
        Batch(100, "ipv6_fragment", "icmp", ethernet(IPV6, ipv6(FRAGMENT, fragment(ICMPV6, bytes(56), 2464, False)))),
        Batch(100, "ipv4", "udp", ethernet(IPV4, ipv4(UDP, udp(1472), fragment=MORE_FRAGMENTS))),
        Batch(100, "ipv4_fragment", "udp", ethernet(IPV4, ipv4(UDP, bytes(1480), fragment=MORE_FRAGMENTS | 185))),
        Batch(100, "ipv4_fragment", "icmp", ethernet(IPV4, ipv4(ICMP, bytes(40), fragment=370))),
        # Other transports, options, tunnels, a header that the frame's end cuts
        Batch(150, "ipv4", "sctp", ethernet(IPV4, ipv4(SCTP, sctp()))),
        Batch(80, "ipv6", "sctp", ethernet(IPV6, ipv6(SCTP, sctp()))),
        Batch(150, "ipv4", "gre", ethernet(IPV4, ipv4(GRE, tunnelled))),
        Batch(90, "ipv4", "ipsec", ethernet(IPV4, ipv4(ESP, bytes(120)))),
        Batch(60, "ipv4", "other", ethernet(IPV4, ipv4(IPIP, ipv4(UDP, udp(32))))),
        Batch(120, "ipv4", "tcp", ethernet(IPV4, ipv4(TCP, tcp(10), options=b"\1" * 8))),
        Batch(40, "ipv4", "truncated", ethernet(IPV4, ipv4(UDP, udp(0))[:12])),
        # The largest frames, from several pages
        Batch(100, "ipv4", "udp", filled(IPV4, largest, lambda size: ipv4(UDP, udp(size)))),
        Batch(100, "ipv6", "tcp", filled(IPV6, largest, lambda size: ipv6(HOP_BY_HOP, extension(TCP, tcp(size))))),
    ]


def other_batches() -> list[Batch]:
    inner = ipv4(UDP, udp(64))
    mpls = struct.pack("!I", 16 << 12 | 1 << 8 | 64)  # label 16, bottom of the stack, time to live 64
    pppoe = struct.pack("!BBHHH", 0x11, 0, 1, 2 + len(inner), 0x21)
    return [
        Batch(120, "arp", "other", ethernet(ARP, arp_request(), BROADCAST)),
        Batch(50, "arp", "other", ethernet(ARP, arp_request(), BROADCAST, tags=(C_TAG,))),
        Batch(80, "mpls", "other", ethernet(MPLS, mpls + inner)),
        Batch(80, "pppoe", "other", ethernet(PPPOE_SESSION, pppoe + inner)),
        Batch(30, "other", "other", ethernet(LLDP, lldp(), LLDP_BRIDGE)),
        Batch(60, "other", "other", ethernet(EXPERIMENT, bytes(46))),
    ]


def batches(largest: int) -> list[Batch]:
    """All raw frames of the demonstration; the longest has exactly `largest` bytes."""
    return ip_batches(largest) + other_batches()
