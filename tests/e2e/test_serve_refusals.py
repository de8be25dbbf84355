# SPDX-License-Identifier: BSD-2-Clause
"""Requests that the server refuses, and with which status: malformed, too long, for what it does not know."""

import pytest
from test_serve import start_server  # noqa: F401
from test_serve_http import is_secure, netns, server  # noqa: F401

HOST = b"Host: localhost\r\n"
MALFORMED = {
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n",
    "hostile host": b"GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\n\r\n",
    "length and coding": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 30\r\n\r\n",
    "list of lengths": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 0\r\n\r\n",
    "negative length": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "hidden coding": b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n",
    "coding without an end": b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "impossible port": b"GET / HTTP/1.1\r\nHost: localhost:99999999\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "folded coding": b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\n" + HOST.replace(b"\r", b"") + b"\n",
    "one bare line feed": b"GET / HTTP/1.1\r\n" + b"Host: localhost\n" + b"\r\n",
    "bare return": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rContent-Length: 30\r\n\r\n",
    "zero": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "blanks": b"GET  /  HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n\r\n",
    "no method": b"/ HTTP/1.1\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "garbage": bytes(range(256)),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_are_refused_and_nothing_behind_them_is_answered(server, name):  # noqa: F811
    with server.client() as client:
        client.send(MALFORMED[name] + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = client.answer()
        assert answer.status == (505 if name == "HTTP/2" else 400) and is_secure(answer)
        assert answer.fields["connection"] == "close" and answer.text.strip()
        assert b"script" not in answer.body
        assert client.is_closed() and not client.bytes, "the second request may be anybody's"
    assert server.get("/healthz").status == 200


TOO_MUCH = {
    "long target": (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "longer target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "endless target": (b"GET /" + b"a" * 1_000_000, 414),
    "unknown coding": (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "many fields": (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 100 + b"\r\n", 431),
    "long field": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10_000 + b"\r\n\r\n", 431),
    "endless field": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000, 431),
    "content": (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 413),
    "chunks": (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
    "much content": (b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n", 405),
    "a proxy's": (b"CONNECT a:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_limits(server, name):  # noqa: F811
    head, status = TOO_MUCH[name]
    with server.client() as client:
        try:
            client.send(head)
        except (ConnectionResetError, BrokenPipeError):
            pass  # it has heard enough
        assert client.answer().status == status
        assert client.is_closed() and not client.bytes
    assert server.get("/healthz").status == 200


def test_other_forms_of_a_target(server):  # noqa: F811
    """Of the server itself, and whole addresses that are none of its own (RFC 9112, 3.2; RFC 9110, 7.4)."""
    with server.client() as client:
        refused = client.ask("*", "OPTIONS")
        assert (refused.status, refused.fields["allow"]) == (405, "GET, HEAD")
        assert client.ask("HTTP://localhost/healthz").status == 200
    for target, status in {"*": 400, "ftp://localhost/healthz": 400, "https://localhost/healthz": 421, "http:///healthz": 400,
                           "http://localhost:99999999/healthz": 400}.items():  # fmt: skip
        answer = server.get(target)
        assert (answer.status, answer.fields["connection"]) == (status, "close"), target


def test_a_later_minor_version_is_answered_as_1_1(server):  # noqa: F811
    with server.client() as client:
        client.send(b"GET /healthz HTTP/1.2\r\nHost: localhost\r\n\r\n" * 2)
        for _ in range(2):
            answer = client.answer()
            assert (answer.status, answer.body) == (200, b"ok\n") and "connection" not in answer.fields


@pytest.mark.parametrize("query", ["interval=0", "interval=0.05", "interval=61", "interval=x", "interval=", "interval=nan"])
def test_stream_of_a_wrong_interval(server, query):  # noqa: F811
    assert server.get(f"/api/v1/stream?{query}").status == 400


def test_parameters_that_there_are_not(server):  # noqa: F811
    for path, name in (("snapshot?interface=nope", "interface"), ("history?since=abc", "since"), ("history?step", "step"),
                       ("stream?seconds=1", "seconds"), ("server?a=b", "a"), ("history?step=1&Step=2", "Step")):  # fmt: skip
        refused = server.get(f"/api/v1/{path}")
        assert refused.status == 400 and f"parameter {name} " in refused.text, path
    refused = server.get("/api/v1/snapshot?%3Cscript%3E=1")
    assert refused.status == 400 and "script" not in refused.text, "nothing of a stranger's is repeated"
    assert server.get("/metrics?collect[]=all").status == 200 and server.get("/?v=1").status == 200
