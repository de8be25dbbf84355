# SPDX-License-Identifier: BSD-2-Clause
"""A server under load, of those who mean well and of those who do not: answers stay right, and its memory bounded."""

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import network
import pytest
from conftest import need
from serving import Server
from test_counts import frame
from test_serve import counter, start_server  # noqa: F401

IDLE_CLIENTS = Path(__file__).parent / "idle_clients.py"
CONNECTIONS = 10_000
CONNECTIONS_OF_A_PROCESS = 2_500


@pytest.fixture
def netns(make_namespace):
    return make_namespace("serve")


def memory_kib(server: Server, which="VmRSS") -> int:
    return int(re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1])


def descriptors(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


@pytest.fixture
def open_connections():
    """open_connections(server, count): so many clients that ask for nothing, by processes of some thousand each."""
    running = []

    def run(server: Server, count: int) -> None:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        need(limit > CONNECTIONS_OF_A_PROCESS + 100, f"ulimit -Hn above {CONNECTIONS_OF_A_PROCESS + 100}, not {limit}")
        address, port = re.fullmatch(r"http://(.*):(\d+)/", server.urls[0]).groups()
        started = []
        for at in range(0, count, CONNECTIONS_OF_A_PROCESS):
            words = [sys.executable, IDLE_CLIENTS, address, port, min(CONNECTIONS_OF_A_PROCESS, count - at)]
            process = subprocess.Popen([*network.inside(server.netns), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            started.append(process)
        running.extend(started)
        assert sum(int(process.stdout.readline()) for process in started) == count

    yield run
    for process in running:
        process.communicate()


def test_ten_thousand_connections_do_not_keep_a_scrape_out(start_server, netns, open_connections):  # noqa: F811
    server = start_server(netns=netns)
    before = memory_kib(server), descriptors(server)
    open_connections(server, CONNECTIONS)
    for path in ("/metrics", "/api/v1/snapshot", "/"):
        assert server.get(path).status == 200, path
    with server.client() as stream:
        stream.send(b"GET /api/v1/stream?interval=0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert stream.head().status == 200 and stream.event()["interfaces"] == []
    assert descriptors(server) < 512 + before[1] + 10
    assert memory_kib(server, "VmHWM") - before[0] < 16 * 1024, "some kilobytes for each of the 512 places"


def test_ten_thousand_places_for_connections(start_server, netns, open_connections):  # noqa: F811
    server = start_server("--web.max-connections", CONNECTIONS + 500, netns=netns)
    limit = int(re.search(r"Max open files\s+(\d+)", Path(f"/proc/{server.process.pid}/limits").read_text())[1])
    need(limit > CONNECTIONS + 500, f"ulimit -Hn above {CONNECTIONS + 500}, not {limit}")
    before = memory_kib(server), descriptors(server)
    open_connections(server, CONNECTIONS)
    network.until(lambda: descriptors(server) >= CONNECTIONS + before[1], "all have a place")
    assert server.get("/metrics").status == 200
    assert memory_kib(server, "VmHWM") - before[0] < 16 * CONNECTIONS, "at most 16 KiB a connection"


def test_too_few_descriptors_are_told_of_and_lived_with(start_server, netns, open_connections):  # noqa: F811
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    server = start_server("--web.max-connections", "2000", netns=netns, preexec_fn=few)
    assert any("256 open files are allowed (ulimit -Hn): at most 128 connections at once" in line for line in server.lines)
    open_connections(server, 1000)
    for _ in range(3):
        assert server.get("/metrics").status == 200
    assert descriptors(server) < 200


def test_answers_that_nobody_takes_hold_nobody_up(start_server, netns):  # noqa: F811
    """Clients that ask for megabytes and read nothing: each keeps one answer waiting, and is closed when its time is up."""
    server = start_server(netns=netns)
    before = memory_kib(server), descriptors(server)
    clients = [server.client(timeout=60) for _ in range(50)]
    try:
        for client in clients:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.socket.setblocking(False)
            requests = b"GET /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
            try:
                client.socket.send(requests)
            except BlockingIOError:
                pass
        network.until(lambda: descriptors(server) >= before[1] + len(clients), "all are let in")
        for _ in range(20):
            assert server.get("/metrics").status == 200
        assert memory_kib(server) - before[0] < 8 * 1024
        network.until(lambda: descriptors(server) <= before[1] + 1, "those that take nothing are closed", timeout=90)
        assert server.get("/healthz").status == 200
    finally:
        for client in clients:
            client.socket.close()


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/snapshot"])
def test_wrk(counter, start_server, send, path):  # noqa: F811
    need(shutil.which("wrk") is not None, "wrk: make deps")
    link = counter()
    end = link.receiver
    server = start_server(netns=end.netns)
    assert server.get(path).status == 200
    before = memory_kib(server)
    words = ["wrk", "--threads", "1", "--connections", "100", "--duration", "5s", "--timeout", "30s", server.urls[0].rstrip("/") + path]
    load = subprocess.Popen([*network.inside(end.netns), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    sent = send(link.sender, frame=frame(link, 17, 100), count=200_000)["frames"]
    said, _ = load.communicate(timeout=120)
    assert load.returncode == 0, said
    assert int(re.search(r"(\d+) requests in", said)[1]) > 100, said
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    received = network.settled(end)
    samples = server.metrics()
    counted = samples[f'xdpstat_packets_total{{device="{end.name}",ip_version="4",protocol="udp"}}']
    assert counted == received["rx_packets"] <= sent and counted > 0
    assert memory_kib(server, "VmHWM") - before < 8 * 1024
