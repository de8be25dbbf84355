# SPDX-License-Identifier: BSD-2-Clause
"""A running `xdpstat serve`, spoken to over raw sockets from within its network namespace."""

import ctypes
import gzip
import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
from dataclasses import dataclass, field

import network

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def socket_in(netns: str | None, family=socket.AF_INET, kind=socket.SOCK_STREAM) -> socket.socket:
    """A socket of another network namespace: made by a thread that goes there and ends."""
    if netns is None:
        return socket.socket(family, kind)
    made = queue.Queue()

    def make():
        with open(network.NETNS / netns) as namespace:
            if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                made.put(OSError(ctypes.get_errno(), "setns"))
            else:
                made.put(socket.socket(family, kind))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    result = made.get()
    if isinstance(result, OSError):
        raise result
    return result


@dataclass
class Answer:
    status: int
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        content = gzip.decompress(self.body) if self.fields.get("content-encoding") == "gzip" else self.body
        return content.decode()

    def json(self):
        return json.loads(self.text)


class Client:
    """One connection, kept open: what is left of what was read stays for the next answer."""

    def __init__(self, netns: str | None, address, family=socket.AF_INET, timeout=10):
        self.socket = socket_in(netns, family)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _until(self, done) -> None:
        while not done():
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.bytes)
            self.bytes += more

    def head(self) -> Answer:
        """Reads up to the end of a head; what follows it stays in self.bytes."""
        self._until(lambda: b"\r\n\r\n" in self.bytes)
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])[1])
        return Answer(status, {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])})

    def answer(self, method="GET") -> Answer:
        answer = self.head()
        length = 0 if method == "HEAD" or answer.status == 304 else int(answer.fields["content-length"])
        self._until(lambda: len(self.bytes) >= length)
        answer.body, self.bytes = self.bytes[:length], self.bytes[length:]
        return answer

    def ask(self, path: str, method="GET", **fields: str) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        return self.answer(method)

    def is_closed(self) -> bool:
        """Waits for the server to close its end."""
        try:
            while more := self.socket.recv(65536):
                self.bytes += more
        except ConnectionResetError:
            pass
        return True

    def event(self) -> dict:
        """The next snapshot of a stream; comments and other fields before it are passed over."""
        while True:
            self._until(lambda: b"\n\n" in self.bytes)
            block, self.bytes = self.bytes.split(b"\n\n", 1)
            lines = dict(line.split(": ", 1) for line in block.decode().split("\n") if not line.startswith(":"))
            if lines.get("event") == "snapshot":
                return json.loads(lines["data"])


class Server:
    """A running server. Its first address is asked."""

    def __init__(self, process: subprocess.Popen, netns: str | None):
        self.process = process
        self.netns = netns
        self.lines: list[str] = []
        self.urls: list[str] = []

    def wait_until_it_listens(self, addresses: int) -> None:
        while len(self.urls) < addresses:
            line = self.process.stderr.readline()
            assert line, f"it ended with code {self.process.wait()}: {''.join(self.lines)}"
            self.lines.append(line)
            if match := re.match(r"xdpstat: listening on (.*)\n", line):
                self.urls.append(match[1])

    def client(self, url: str | None = None, **options) -> Client:
        url = url or self.urls[0]
        if url.startswith("unix:"):
            return Client(None, url.removeprefix("unix:"), socket.AF_UNIX, **options)
        match = re.fullmatch(r"http://\[?([0-9a-f.:]+?)\]?:(\d+)/", url)
        family = socket.AF_INET6 if ":" in match[1] else socket.AF_INET
        return Client(self.netns, (match[1], int(match[2])), family, **options)

    def get(self, path: str, **options) -> Answer:
        with self.client() as client:
            return client.ask(path, **options)

    def metrics(self, **options) -> dict[str, float | int]:
        """The samples by name and labels as they stand there; whole numbers as such."""
        samples = {}
        for line in self.get("/metrics", **options).text.splitlines():
            if not line.startswith("#"):
                series, value = line.rsplit(" ", 1)
                samples[series] = int(value) if value.isdigit() else float(value)
        return samples

    def stop(self, number=signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=10)


class Manager:
    """What a service manager hears (NOTIFY_SOCKET)."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10)

    def hear(self) -> str:
        return self.socket.recv(4096).decode()

    def close(self) -> None:
        self.socket.close()
        os.unlink(self.path)


def sum_of(samples: dict, name: str, **labels: str) -> int:
    """The sum over the series of a name that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(value for series, value in samples.items() if series.split("{")[0] == name and all(one in series for one in wanted))
