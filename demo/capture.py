# SPDX-License-Identifier: BSD-2-Clause
"""The truth: every frame that leaves an interface, taken off the wire and sorted by a parser of its own.

It shares no code with the XDP program and reads the frames on the other end of the cable, so an error of the
program cannot hide in it.
"""

import errno
import select
import socket
import struct
import threading
from collections import Counter
from typing import NamedTuple

# linux/if_ether.h, linux/if_packet.h, asm-generic/socket.h: Python's socket module lacks these.
ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_STATISTICS = 6
SO_RCVBUFFORCE = 33

# The whole demonstration fits, should this process not get a CPU for a while. The kernel doubles it.
RECEIVE_BUFFER = 256 << 20
LONGEST_FRAME = 1 << 16

TAGS = {0x8100: "802.1Q", 0x88A8: "802.1ad", 0x9100: "802.1ad"}
NETWORKS = {0x0806: "arp", 0x8847: "mpls", 0x8848: "mpls", 0x8863: "pppoe", 0x8864: "pppoe"}
TRANSPORTS = {6: "tcp", 17: "udp", 47: "gre", 50: "ipsec", 132: "sctp"}
EXTENSIONS = {0: "hop-by-hop", 43: "routing", 44: "fragment", 51: "authentication", 60: "destination options"}


Key = tuple[str, str, int]  # network, transport, length


class Kind(NamedTuple):
    """What a frame is: the names are those of xdpstat's JSON. `traits` are what its counters do not tell apart."""

    network: str
    transport: str
    traits: tuple[str, ...] = ()


def kind_of_ipv4(packet: bytes) -> Kind:
    if len(packet) < 20:
        return Kind("ipv4", "truncated")
    (fragment,) = struct.unpack_from("!H", packet, 6)
    protocol = packet[9]
    transport = {1: "icmp", 51: "ipsec"}.get(protocol) or TRANSPORTS.get(protocol, "other")
    if fragment & 0x1FFF:
        return Kind("ipv4_fragment", transport)
    return Kind("ipv4", transport, ("first IPv4 fragments",) if fragment & 0x2000 else ())


def kind_of_ipv6(packet: bytes) -> Kind:
    if len(packet) < 40:
        return Kind("ipv6", "truncated")
    network, traits = "ipv6", []
    header, rest = packet[6], packet[40:]
    while header in EXTENSIONS:
        if len(rest) < 8:
            return Kind("ipv6", "truncated", tuple(traits))
        if header == 44:
            length = 8
        elif header == 51:
            length = (rest[1] + 2) * 4
        else:
            length = (rest[1] + 1) * 8
        if len(rest) < length:
            return Kind("ipv6", "truncated", tuple(traits))
        traits.append(f"with IPv6 {EXTENSIONS[header]} headers")
        later_fragment = header == 44 and int.from_bytes(rest[2:4], "big") >> 3
        header, rest = rest[0], rest[length:]
        if later_fragment:
            network = "ipv6_fragment"
            break
    return Kind(network, "icmp" if header == 58 else TRANSPORTS.get(header, "other"), tuple(traits))


def kind_of(frame: bytes) -> Kind:
    """Sorts a frame by its outermost network header."""
    tags = []
    at = 12
    while True:
        if len(frame) < at + 2:
            return Kind("other", "truncated", tuple(tags))
        (ethertype,) = struct.unpack_from("!H", frame, at)
        if ethertype not in TAGS:
            break
        tags.append(f"with {TAGS[ethertype]} tags")
        at += 4
    packet = frame[at + 2 :]
    if ethertype == 0x0800:
        kind = kind_of_ipv4(packet)
    elif ethertype == 0x86DD:
        kind = kind_of_ipv6(packet)
    else:
        kind = Kind(NETWORKS.get(ethertype, "other"), "other")
    return kind._replace(traits=(*tags, *kind.traits))


class Capture:
    """Records what an interface sends from the moment it is made until finish(). Needs CAP_NET_RAW, CAP_NET_ADMIN."""

    def __init__(self, interface: str, marked_source: bytes):
        """Frames from the address `marked_source` are also counted by themselves."""
        self.frames: Counter[Key] = Counter()
        self.marked: Counter[Key] = Counter()
        self.traits: Counter[str] = Counter()
        self._marked_source = marked_source
        self._finishing = threading.Event()
        self._failure: OSError | None = None
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self._socket.bind((interface, ETH_P_ALL))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Takes what is still queued and ends. The interface must be silent by then. Raises OSError."""
        self._finishing.set()
        self._thread.join()
        with self._socket:
            if self._failure:
                raise self._failure
            _, lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        if lost:
            raise OSError(errno.ENOBUFS, f"the capture on the sending end missed {lost} frames: run the demo again")

    def _receive(self) -> None:
        while True:
            # Read before the queue is looked at: silence seen afterwards is final.
            finishing = self._finishing.is_set()
            try:
                frame, address = self._socket.recvfrom(LONGEST_FRAME, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if finishing:
                    return
                select.select([self._socket], [], [], 0.05)
            except OSError as error:
                # Said once when the interface goes down; what was queued before comes after it.
                if error.errno != errno.ENETDOWN:
                    self._failure = error
                    return
            else:
                if address[2] == socket.PACKET_OUTGOING:
                    self._count(frame)

    def _count(self, frame: bytes) -> None:
        kind = kind_of(frame)
        key = kind.network, kind.transport, len(frame)
        self.frames[key] += 1
        if frame[6:12] == self._marked_source:
            self.marked[key] += 1
        self.traits.update(set(kind.traits))
