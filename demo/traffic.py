#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The traffic of the demonstration: `serve` on the receiving end, `send` on the other.

`send` records all that leaves its interface, what the kernel sends by itself included, takes the interface
down when it is through and writes what was sent as JSON.
"""

import argparse
import contextlib
import fcntl
import http.client
import http.server
import json
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import frames
from capture import Capture

HTTP_PORT = 8080
SINK_PORT = 9

LARGEST_FRAME = 9000
UPLOAD = 1 << 20
# Far less than a receiving end's ring of 256 frames can hold: what overflows there is lost before XDP.
SEND_BUFFER = 64 << 10
BURST = 64
PINGS = 200
DATAGRAMS = 400

SIOCGIFMTU = 0x8921


class Page(http.server.BaseHTTPRequestHandler):
    """Answers every PUT with the number of bytes it took."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        answer = str(len(self.rfile.read(int(self.headers["Content-Length"])))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *values: object) -> None:
        """The demonstration's output is not the place for it."""


class DualStackServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def serve() -> None:
    # An open port takes datagrams in silence; what does not fit its buffer is dropped long after the counter.
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sink, DualStackServer(("::", HTTP_PORT), Page) as server:
        sink.bind(("::", SINK_PORT))
        print("ready", flush=True)
        server.serve_forever()


class Wire:
    """The sending end of the pair."""

    def __init__(self, interface: str):
        self.interface = interface

    def delivered(self) -> int:
        """Frames that the other end has taken off its ring: what veth calls this end's tx_packets."""
        with open("/proc/self/net/dev") as lines:
            for line in lines:
                name, _, values = line.partition(":")
                if name.strip() == self.interface:
                    return int(values.split()[9])
        raise OSError(f"no interface {self.interface} in this network namespace")

    def wait_for(self, delivered: int, seconds: float) -> None:
        """Returns when so many were delivered, or after `seconds`: then some were lost, and the comparison says so."""
        end = time.monotonic() + seconds
        while self.delivered() < delivered and time.monotonic() < end:
            time.sleep(0.0002)

    def send_all(self, send: Callable[[], object], count: int) -> None:
        """Calls `send`, which makes one frame, `count` times, never further ahead of the other end than a burst."""
        while count:
            burst = min(count, BURST)
            awaited = self.delivered() + burst
            for _ in range(burst):
                send()
            self.wait_for(awaited, 0.1)
            count -= burst

    def mtu(self) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            answer = fcntl.ioctl(any_socket, SIOCGIFMTU, struct.pack("16si12x", self.interface.encode(), 0))
        return struct.unpack("16si12x", answer)[1]


def ping(address: str, size: int) -> None:
    command = ["ping", "-q", "-f", "-c", str(PINGS), "-s", str(size), address]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise OSError(f"{' '.join(command)}: {(result.stderr or result.stdout).strip()}")


def upload(address: str, segment: int) -> None:
    """PUTs over a TCP connection whose segments carry at most `segment` bytes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = http.client.HTTPConnection(address, HTTP_PORT, timeout=10)
    with contextlib.closing(connection):
        connection.sock = socket.socket(family, socket.SOCK_STREAM)
        connection.sock.settimeout(10)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        connection.sock.connect((address, HTTP_PORT))
        connection.request("PUT", "/", bytes(UPLOAD))
        taken = int(connection.getresponse().read())
    if taken != UPLOAD:
        raise OSError(f"HTTP upload to {address}: the server took {taken} of {UPLOAD} bytes")


def send_datagrams(wire: Wire, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.connect((address, SINK_PORT))
        sizes = iter(range(DATAGRAMS))
        wire.send_all(lambda: sender.send(bytes(3 * next(sizes))), DATAGRAMS)


def send_raw(wire: Wire) -> Counter:
    """Sends the raw frames; what they were, counted like a capture."""
    made = Counter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.bind((wire.interface, 0))
        for batch in frames.batches(LARGEST_FRAME):
            wire.send_all(lambda frame=batch.frame: raw.send(frame), batch.count)
            made[batch.network, batch.transport, len(batch.frame)] += batch.count
    return made


def rows(counts: Counter) -> list[list]:
    return [[*key, count] for key, count in sorted(counts.items())]


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    print(f"  {what:<68} {time.monotonic() - start:5.2f} s", flush=True)


def join_ipv6(interface: str, address: str) -> None:
    """Switches IPv6 on, which makes the kernel itself speak, and adds an address that is usable at once."""
    with open(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6", "w") as switch:
        switch.write("0")
    subprocess.run(["ip", "address", "add", address, "dev", interface, "nodad"], check=True)


def send(interface: str, own_ipv6: str, ipv4: str, ipv6: str) -> dict:
    """Everything. The interface must be up and silent: with IPv6 disabled, and nothing sent over IPv4 yet."""
    wire = Wire(interface)
    capture = Capture(interface, frames.SOURCE)
    try:
        join_ipv6(interface, own_ipv6)
        with step(f"ICMP  {PINGS} echo requests over IPv4, {PINGS} over IPv6"):
            ping(ipv4, 56)
            ping(ipv6, 1000)
        with step(f"TCP   {UPLOAD >> 20} MiB uploaded to a web server over IPv4, {UPLOAD >> 20} MiB over IPv6"):
            upload(ipv4, wire.mtu() - 40)
            upload(ipv6, 1400)
        with step(f"UDP   {DATAGRAMS} datagrams over IPv4, {DATAGRAMS} over IPv6"):
            send_datagrams(wire, ipv4)
            send_datagrams(wire, ipv6)
        with step("raw   VLAN tags, IPv6 extension headers, fragments, tunnels, ARP ..."):
            made = send_raw(wire)
    finally:
        # Silence: nothing leaves after this, so whatever left is in the capture's queue or counted already.
        subprocess.run(["ip", "link", "set", "dev", interface, "down"], check=True)
        capture.finish()
    wire.wait_for(capture.frames.total(), 2)
    return {
        "frames": rows(capture.frames),
        "traits": dict(sorted(capture.traits.items())),
        "raw_made": rows(made),
        "raw_captured": rows(capture.marked),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the web server and the UDP sink until killed; says `ready` first")
    sender = commands.add_parser("send", help="send and record everything")
    sender.add_argument("interface")
    sender.add_argument("own_ipv6", help="address with prefix length, given to the interface")
    sender.add_argument("ipv4", help="the server's")
    sender.add_argument("ipv6", help="the server's")
    sender.add_argument("result", help="JSON file to write")
    arguments = parser.parse_args()
    # As an exception it takes a running ping along.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        if arguments.command == "serve":
            serve()
        else:
            sent = send(arguments.interface, arguments.own_ipv6, arguments.ipv4, arguments.ipv6)
            with open(arguments.result, "w") as file:
                json.dump(sent, file)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"demo: traffic: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
