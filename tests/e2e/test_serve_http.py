# SPDX-License-Identifier: BSD-2-Clause
"""The server answers what HTTP/1.1 says, to the letter, and refuses the rest: raw sockets to the real binary."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import network
import pytest
from serving import Client, Manager, Server
from test_output import validate  # noqa: F401
from test_serve import counter, start_server  # noqa: F401

CONTENT_SECURITY = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:"]
ROUTES = ["/", "/metrics", "/api/v1/snapshot", "/api/v1/history", "/api/v1/server", "/favicon.ico", "/healthz", "/readyz"]


@pytest.fixture
def netns(make_namespace):
    return make_namespace("serve")


@pytest.fixture
def server(start_server, netns) -> Server:  # noqa: F811
    """A server of nothing, which is enough to speak HTTP to."""
    return start_server(netns=netns)


def is_secure(answer) -> bool:
    policy = [part.strip() for part in answer.fields["content-security-policy"].split(";")]
    return all(part in policy for part in CONTENT_SECURITY) and answer.fields["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ROUTES)
def test_routes(server, path):
    with server.client() as client:
        answer = client.ask(path)
        assert answer.status == 200 and answer.body and is_secure(answer)
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.fields["date"])
        head = client.ask(path, "HEAD")
        assert head.status == 200 and is_secure(head)
        assert {**head.fields, "date": "", "content-length": ""} == {**answer.fields, "date": "", "content-length": ""}
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
            refused = client.ask(path, method)
            assert (refused.status, refused.fields["allow"]) == (405, "GET, HEAD")
        for method in ("FOO", "get"):
            assert client.ask(path, method).status == 501
        assert client.ask(f"http://127.0.0.1:1{path}").status == 200, "a whole URI is taken (RFC 9112, 3.2.2)"


@pytest.mark.parametrize("path", ["/nothing", "/metrics/", "/Metrics", "/../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd",
                                  "/api/v1/../../metrics", "/.", "/api/v1/snapshot/eth0", "/index.html\\..", "/%00"])  # fmt: skip
def test_what_is_not_there(server, path):
    answer = server.get(path)
    assert answer.status == 404 and is_secure(answer)
    assert "root:" not in answer.text


def test_page_refers_to_what_there_is(server):
    answer = server.get("/")
    assert answer.fields["content-type"] == "text/html; charset=utf-8"
    links = {re.sub(r"^\./", "", link) for link in re.findall(r'(?:href|src)="([^"#]+)"', answer.text)}
    assert {"icon.svg", "api/v1/snapshot"} <= links
    assert "metrics" not in links, "only the server knows where they are"
    for link in links:
        assert not re.match(r"\w+:|/", link), "relative, so that it works below any path"
        file = server.get(f"/{link}")
        assert file.status == 200
        if tag := file.fields.get("etag"):
            again = server.get(f"/{link}", If_None_Match=tag)
            assert (again.status, again.body, again.fields["etag"]) == (304, b"", tag)
            assert again.fields["vary"] == file.fields["vary"] == "Accept-Encoding"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", answer.text), "the policy would not let it be"


def test_telemetry_path(start_server, netns):  # noqa: F811
    server = start_server("--web.telemetry-path", "/other", netns=netns)
    assert server.get("/other").text.startswith("# HELP") and server.get("/metrics").status == 404
    assert server.get("/").status == 200
    assert server.get("/api/v1/server").json()["telemetry_path"] == "/other"


def test_icon_where_browsers_look_for_it(server):
    icon = server.get("/favicon.ico")
    assert (icon.status, icon.fields["content-type"]) == (200, "image/svg+xml")
    assert icon.text == server.get("/icon.svg").text


def test_gzip(server):
    plain, packed = server.get("/metrics"), server.get("/metrics", Accept_Encoding="deflate, gzip;q=0.5")
    assert packed.fields["content-encoding"] == "gzip" and "content-encoding" not in plain.fields
    assert "Accept-Encoding" in packed.fields["vary"] and "Accept-Encoding" in plain.fields["vary"]
    names = [line.split(" ")[0] for line in plain.text.splitlines()]
    assert [line.split(" ")[0] for line in gzip.decompress(packed.body).decode().splitlines()] == names
    assert "content-encoding" not in server.get("/metrics", Accept_Encoding="gzip;q=0").fields
    assert "content-encoding" not in server.get("/healthz", Accept_Encoding="gzip").fields, "too short to gain"


def test_one_connection_takes_many_requests_and_pipelines(server):
    with server.client() as client:
        client.send(b"\r\n" + b"".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in ROUTES * 20))
        for path in ROUTES * 20:
            answer = client.answer()
            assert answer.status == 200
            assert (answer.body == b"ok\n") == (path == "/healthz"), "answers come in the order of the requests"
        # In pieces, each byte by itself.
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":
            client.send(bytes([byte]))
        assert client.answer().body == b"ok\n"


@pytest.mark.parametrize("request_text", ["GET /healthz HTTP/1.0\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                                          "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Close\r\n\r\n"])  # fmt: skip
def test_closes_when_asked_to(server, request_text):
    with server.client() as client:
        client.send(request_text.encode())
        answer = client.answer()
        assert (answer.status, answer.body, answer.fields["connection"]) == (200, b"ok\n", "close")
        assert client.is_closed() and not client.bytes


def test_other_protocols_that_are_offered_are_not_taken(server):
    """An Upgrade is ignored where it is not understood (RFC 9110, 7.8), and the connection goes on."""
    with server.client() as client:
        for upgrade in ("h2c", "websocket"):
            answer = client.ask("/healthz", Connection="Upgrade, HTTP2-Settings", Upgrade=upgrade, HTTP2_Settings="AAMAAABkAARAAAAAAAIAAAAA")
            assert (answer.status, answer.body) == (200, b"ok\n") and "upgrade" not in answer.fields


def asked_as(server: Server, host: str, path="/api/v1/snapshot", url=None):
    with server.client(url) as client:
        client.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return client.answer()


OUR_NAMES = ["127.0.0.1", "127.0.0.2:10435", "localhost", "LOCALHOST:80", "page.localhost", "[::1]:10435", "192.0.2.1", ""]
OTHER_NAMES = ["evil.example", "evil.example:10435", "localhost.evil.example", "127.0.0.1.evil.example", "0x7f.1"]


def test_a_name_that_leads_here_from_elsewhere_reads_nothing(server):
    """What a browser asks for a page of another site, whose name was made to point to this machine (DNS rebinding)."""
    for name in OUR_NAMES:
        assert asked_as(server, name).status == 200, name
    for name in OTHER_NAMES:
        for path in [*ROUTES, "/nothing", "/api/v1/stream"]:
            answer = asked_as(server, name, path)
            assert answer.status == 421 and is_secure(answer) and answer.fields["connection"] == "close"
            assert "--web.allowed-host" in answer.text and "evil" not in answer.text
    with server.client() as client:
        assert client.ask("http://evil.example/metrics").status == 421, "the target's host counts, whatever the field Host says"
    with server.client() as client:
        client.send(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert client.answer().status == 200, "no browser asks without a name"


def test_names_that_are_allowed(start_server, netns, tmp_path):  # noqa: F811
    path = tmp_path / "socket"
    addresses = ["127.0.0.1:0", ":0", f"unix:{path}"]
    plain = start_server(netns=netns, addresses=addresses)
    assert [asked_as(plain, "node1.example", url=url).status for url in loopback(plain)] == [421, 200, 200]
    assert plain.stop() == 0
    named = start_server("--web.allowed-host", "Node1.example", "--web.allowed-host", "stats.example", netns=netns, addresses=addresses)
    for name, statuses in {"node1.example": [200, 200, 200], "STATS.example.:10435": [200, 200, 200], "10.0.0.1:10435": [200, 200, 200],
                           "evil.example": [421, 421, 200]}.items():  # fmt: skip
        assert [asked_as(named, name, url=url).status for url in loopback(named)] == statuses, name
    assert named.stop() == 0
    anyone = start_server("--web.allowed-host", "*", netns=netns, addresses=addresses)
    assert [asked_as(anyone, "evil.example", url=url).status for url in loopback(anyone)] == [200, 200, 200]


def loopback(server: Server) -> list[str]:
    """Its addresses, where it listens on all of the machine by that of this machine alone."""
    return [re.sub(r"//(\[::\]|0\.0\.0\.0):", "//127.0.0.1:", url) for url in server.urls]


def test_a_client_that_is_slow_to_ask_is_closed(server):
    with server.client(timeout=30) as slow, server.client(timeout=30) as slower:
        slow.send(b"GET / HTTP/1.1\r\n")
        slower.send(b"G")
        assert server.get("/healthz").status == 200
        assert slow.is_closed() and slower.is_closed() and not slow.bytes + slower.bytes


def test_streams_do_not_keep_a_scrape_out(start_server, netns):  # noqa: F811
    server = start_server("--web.max-connections", "8", netns=netns)
    clients = [server.client() for _ in range(6)]
    try:
        answers = []
        for client in clients:
            client.send(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers.append(client.head().status)
        assert answers == [200] * 4 + [503] * 2
        assert server.get("/metrics").status == 200
    finally:
        for client in clients:
            client.socket.close()

    def there_is_room() -> bool:
        with server.client() as client:
            client.send(b"GET /api/v1/stream?interval=0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.head().status == 200

    network.until(there_is_room, "the places of the clients that went are free again")


def test_stream_tells_what_is_counted(counter, start_server, send, validate):  # noqa: F811
    from test_counts import frame

    link = counter()
    end = link.receiver
    server = start_server(netns=end.netns)
    with server.client() as one, server.client() as two, server.client() as lazy:
        for client in (one, two, lazy):
            client.send(b"GET /api/v1/stream?interval=0.2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = client.head()
            assert head.fields["content-type"] == "text/event-stream" and is_secure(head)
        first = one.event()
        validate(first, "show")
        assert first["interfaces"][0]["stats"]["total_packets"] == 0
        send(link.sender, frame=frame(link, 17, 100), count=777)
        while (event := one.event())["interfaces"][0]["stats"]["total_packets"] != 777:
            pass
        # All clients of an interval share a reading; the one that never reads keeps nobody waiting.
        taken = event["interfaces"][0]["taken"]
        while two.event()["interfaces"][0]["taken"] != taken:
            pass
        server.process.send_signal(signal.SIGTERM)
        assert one.is_closed() and server.process.wait(timeout=10) == 0


def test_documents_keep_to_their_schema(counter, start_server, validate):  # noqa: F811
    link = counter()
    name = link.receiver.name
    server = start_server(netns=link.receiver.netns)
    validate(server.get("/api/v1/snapshot").json(), "show")
    network.until(lambda: len(server.get("/api/v1/history").json()["interfaces"][0]["time"]) >= 2, "two seconds have passed")
    history = server.get("/api/v1/history").json()
    validate(history, "history")
    interface = history["interfaces"][0]
    assert interface["interface"] == name
    lengths = {len(column) for column in interface["stats"].values()} | {len(interface["time"])}
    for side in interface["traffic"].values():
        lengths |= {len(column) for cell in side.values() for column in cell.values()}
    assert len(lengths) == 1
    total = server.get("/api/v1/history?counters=total").json()
    validate(total, "history")
    assert list(total["interfaces"][0]["stats"]) == ["total_packets", "total_bytes"] and "traffic" not in total["interfaces"][0]
    validate(server.get("/api/v1/server").json(), "server")
    assert server.get("/api/v1/history?interface=nothere").json()["interfaces"] == []
    assert len(server.get(f"/api/v1/history?interface={name}&seconds=900&step=60").json()["interfaces"][0]["time"]) <= 2
    for query in ("seconds=0", "seconds=901", "step=0", "step=61", "step=x", "counters=some", "step=1&step=x"):
        refused = server.get(f"/api/v1/history?{query}")
        assert refused.status == 400 and query.split("=")[0] in refused.text


def test_addresses(start_server, netns, tmp_path):  # noqa: F811
    path = tmp_path / "socket"
    server = start_server(netns=netns, addresses=["127.0.0.1:0", "[::1]:0", ":0", f"unix:{path}"])
    assert len(server.urls) == 4 and server.urls[3] == f"unix:{path}"
    for url in server.urls[:2] + server.urls[3:]:
        with server.client(url) as client:
            assert client.ask("/healthz").status == 200
    port = int(server.urls[2].rstrip("/").rsplit(":", 1)[1])
    for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with Client(netns, (address, port), family) as client:
            assert client.ask("/healthz").status == 200
    assert server.stop() == 0
    assert not path.exists()


def one_line(result: subprocess.CompletedProcess) -> str:
    assert result.stderr.startswith("xdpstat: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_wrong_starts_say_why_on_one_line(xdpstat, server, netns, pin_root, tmp_path):
    def serve(*words) -> subprocess.CompletedProcess:
        return xdpstat("serve", *words, "--pin-root", pin_root, netns=netns, check=False)

    address = server.urls[0].removeprefix("http://").rstrip("/")
    taken = serve("--web.listen-address", address)
    assert taken.returncode == 5 and f"cannot listen on {address}: another process listens there" in one_line(taken)
    local = tmp_path / "socket"
    local.write_text("no socket")
    file = serve("--web.listen-address", f"unix:{local}")
    assert file.returncode == 5 and f"cannot listen on unix:{local}: a file that is no socket is there" in one_line(file)
    local.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(local))
        listening.listen()
        taken = serve("--web.listen-address", f"unix:{local}")
        assert taken.returncode == 5 and "another process listens there; see which: ss -lxp" in one_line(taken)
    for bad in ("nowhere", "127.0.0.1:99999", "::1:80", "example.com:80", "unix:"):
        wrong = serve("--web.listen-address", bad)
        assert wrong.returncode == 2 and "cannot listen on" in one_line(wrong)
    elsewhere = serve("--web.listen-address", "192.0.2.1:0")
    assert elsewhere.returncode == 3 and "no such address" in one_line(elsewhere)
    absent = serve("nothere0", "--web.listen-address", "127.0.0.1:0")
    assert absent.returncode == 3 and "nothere0" in one_line(absent)
    absent = serve("nothere0", "--attach", "--web.listen-address", "127.0.0.1:0")
    assert absent.returncode == 3 and "nothere0" in one_line(absent)
    assert serve("--attach").returncode == 2
    for path in ("metrics", "/é", "/a b", "/a?b", "/a\x7f"):
        assert serve("--web.telemetry-path", path).returncode == 2
    for path in ("/", "/api/v1/snapshot", "/app.js", "/healthz"):
        hidden = serve("--web.telemetry-path", path)
        assert hidden.returncode == 2 and "the page or the API is there" in one_line(hidden)
    elsewhere = xdpstat("serve", "--pin-root", "/etc", netns=netns, check=False)
    assert elsewhere.returncode == 2 and "/etc: it is not on a bpf file system" in one_line(elsewhere)
    assert serve("--web.max-connections", "0").returncode == 2
    wrong = serve("--web.allowed-host", "http://a:80")
    assert wrong.returncode == 2 and "without scheme and port" in one_line(wrong)
    assert not pin_root.exists()


def test_a_service_manager_is_told(start_server, xdpstat, netns, tmp_path):  # noqa: F811
    manager = Manager(tmp_path / "notify")
    try:
        server = start_server(netns=netns, env={**os.environ, "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
        heard = {manager.hear() for _ in range(4)}
        assert heard == {"READY=1", "WATCHDOG=1"}
        server.process.send_signal(signal.SIGHUP)
        while not (state := manager.hear()).startswith("RELOADING=1\nMONOTONIC_USEC="):
            assert state == "WATCHDOG=1"
        while (state := manager.hear()) != "READY=1":
            assert state == "WATCHDOG=1"
        server.process.send_signal(signal.SIGTERM)
        while (state := manager.hear()) != "STOPPING=1":
            assert state == "WATCHDOG=1"
        assert server.process.wait(timeout=10) == 0
    finally:
        manager.close()


def test_sockets_are_taken_over_from_a_service_manager(xdpstat, pin_root):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        words = ["bash", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{listening.fileno()}', "bash",
                 xdpstat.binary, "serve", "--pin-root", str(pin_root)]  # fmt: skip
        process = subprocess.Popen(words, pass_fds=[listening.fileno()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        xdpstat.running.append(process)
        server = Server(process, None)
        server.wait_until_it_listens(1)
        assert server.urls == ["http://%s:%d/" % listening.getsockname()]
        assert server.get("/healthz").status == 200
        assert server.stop() == 0
    words[2] = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null'
    wrong = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 6 and "no stream socket that listens" in one_line(wrong)


def test_answers_under_way_are_given_when_it_ends(server):
    with server.client() as idle, server.client() as stream:
        stream.send(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert stream.head().status == 200
        assert server.stop(signal.SIGINT) == 0
        assert idle.is_closed() and stream.is_closed()


def test_golden_history_keeps_to_its_schema(validate):  # noqa: F811
    golden = Path(__file__).resolve().parents[1] / "golden"
    validate(json.loads((golden / "history.json").read_text()), "history")
    validate(json.loads((golden / "snapshot.json").read_text()), "show")
