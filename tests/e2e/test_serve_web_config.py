# SPDX-License-Identifier: BSD-2-Clause
"""--web.config.file in the format of Prometheus' exporter-toolkit: TLS and passwords, right and wrong."""

import base64
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import network
import pytest
from conftest import need
from serving import Client, Server, socket_in
from test_serve import start_server  # noqa: F401

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"


@pytest.fixture(scope="module")
def bcrypt_hash():
    """A hash of "secret", by the system's own crypt."""
    need(shutil.which("mkpasswd") is not None or shutil.which("htpasswd") is not None or shutil.which("perl") is not None, "perl")
    words = ["perl", "-e", 'print crypt("secret", q($2b$04$abcdefghijklmnopqrstuu))']
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class Authority:
    """A certificate authority of this test's own, by openssl."""

    def __init__(self, folder):
        need(shutil.which("openssl") is not None, "openssl: make deps")
        self.folder = folder
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=authority", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")  # fmt: skip

    @staticmethod
    def run(*words) -> None:
        network.run("openssl", *words)

    def issue(self, name: str, subject: str = "localhost", days: int = 2) -> None:
        """NAME.crt and NAME.key, for 127.0.0.1 and a host's name. With -1 days it has expired."""
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{subject},IP:127.0.0.1\n")
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key.new", "csr", "crt.new"))
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
                 "-keyout", key, "-out", request)  # fmt: skip
        self.run("x509", "-req", "-in", request, "-CA", self.folder / "ca.crt", "-CAkey", self.folder / "ca.key", "-CAcreateserial",
                 "-days", days, "-extfile", extensions, "-out", certificate)  # fmt: skip
        os.replace(certificate, self.folder / f"{name}.crt")
        os.replace(key, self.folder / f"{name}.key")

    def context(self, client: str | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        if client:
            context.load_cert_chain(self.folder / f"{client}.crt", self.folder / f"{client}.key")
        return context


@pytest.fixture
def authority(tmp_path) -> Authority:
    authority = Authority(tmp_path)
    authority.issue("server")
    return authority


@pytest.fixture
def netns(make_namespace):
    return make_namespace("serve")


@pytest.fixture
def start(start_server, netns, tmp_path):  # noqa: F811
    """start(text) is a server with this web configuration."""

    def run(text: str) -> Server:
        (tmp_path / "web.yml").write_text(text)
        return start_server("--web.config.file", tmp_path / "web.yml", netns=netns)

    return run


class TlsClient(Client):
    def __init__(self, server: Server, context: ssl.SSLContext, name="127.0.0.1"):
        port = int(server.urls[0].rstrip("/").rsplit(":", 1)[1])
        plain = socket_in(server.netns)
        plain.settimeout(10)
        plain.connect(("127.0.0.1", port))
        self.socket = context.wrap_socket(plain, server_hostname=name)
        self.bytes = b""


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_tls(start, authority):
    server = start(TLS + "}\n")
    assert server.urls[0].startswith("https://127.0.0.1:")
    with TlsClient(server, authority.context()) as client:
        assert client.socket.version() == "TLSv1.3"
        for path in ("/healthz", "/metrics", "/api/v1/snapshot"):
            assert client.ask(path).status == 200
        client.send(b"GET /api/v1/stream?interval=0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.head().status == 200
        assert client.event()["interfaces"] == client.event()["interfaces"] == []
    # Who does not know the authority does not come in; who speaks no TLS neither.
    with pytest.raises(ssl.SSLCertVerificationError):
        TlsClient(server, ssl.create_default_context())
    port = int(server.urls[0].rstrip("/").rsplit(":", 1)[1])
    with Client(server.netns, ("127.0.0.1", port)) as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.is_closed() and client.bytes.startswith(b"HTTP/1.0 400 ") and b"ask for https://" in client.bytes
    with Client(server.netns, ("127.0.0.1", port)) as client:
        client.send(os.urandom(1000))
        assert client.is_closed()
    with TlsClient(server, authority.context()) as client:
        assert client.ask("/healthz").status == 200


@pytest.mark.parametrize(("setting", "version", "works"), [
    ("", ssl.TLSVersion.TLSv1_2, True),
    (", min_version: TLS13", ssl.TLSVersion.TLSv1_2, False),
    (", max_version: TLS12", ssl.TLSVersion.TLSv1_3, False),
    (", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384], curve_preferences: [CurveP384]", ssl.TLSVersion.TLSv1_2, True),
])  # fmt: skip
def test_versions_and_ciphers(start, authority, setting, version, works):
    server = start(TLS + setting + "}\n")
    context = authority.context()
    context.minimum_version = context.maximum_version = version
    if works:
        with TlsClient(server, context) as client:
            assert client.ask("/healthz").status == 200
            if "cipher" in setting:
                assert client.socket.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    else:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            TlsClient(server, context)


def comes_in(server: Server, context: ssl.SSLContext) -> bool:
    """With TLS 1.3 a client learns only by its first request that its certificate is not wanted."""
    try:
        with TlsClient(server, context) as client:
            return client.ask("/healthz").status == 200
    except (ssl.SSLError, ConnectionError, EOFError):
        return False


def test_client_certificates(start, authority, tmp_path):
    authority.issue("client", "scraper.example")
    authority.issue("other", "other.example")
    server = start(TLS + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [scraper.example]}\n")
    assert comes_in(server, authority.context("client"))
    assert not comes_in(server, authority.context("other")), "of the authority, but not one of those allowed"
    assert not comes_in(server, authority.context())
    server = start(TLS + ", client_auth_type: RequireAnyClientCert}\n")
    assert comes_in(server, authority.context("other")) and not comes_in(server, authority.context())
    server = start(TLS + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt}\n")
    assert comes_in(server, authority.context("other")) and comes_in(server, authority.context())


def serial(server: Server, authority: Authority) -> str:
    with TlsClient(server, authority.context()) as client:
        return client.socket.getpeercert()["serialNumber"]


def test_a_renewed_certificate_is_taken_without_being_told(start, authority, tmp_path):
    server = start(TLS + "}\n")
    before = serial(server, authority)
    with TlsClient(server, authority.context()) as open_before:
        authority.issue("server")
        network.until(lambda: serial(server, authority) != before, "the new certificate is shown")
        assert open_before.ask("/healthz").status == 200, "who is in stays in"
    # A half of it is told of, and the former goes on.
    now = serial(server, authority)
    (tmp_path / "server.crt").write_text("nonsense")

    def is_told() -> bool:
        assert serial(server, authority) == now
        return bool(select.select([server.process.stderr], [], [], 0)[0])

    network.until(is_told, "the half is noticed")
    assert "going on with what was read before" in server.process.stderr.readline()
    assert serial(server, authority) == now


def encrypt(key: Path, old_form: bool) -> None:
    """With the pass phrase "secret", as PKCS #8 or in the older form that is named after its algorithm."""
    made = key.with_suffix(".encrypted")
    Authority.run("ec" if old_form else "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", made)
    os.replace(made, key)


@pytest.mark.parametrize("old_form", [False, True])
def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_pass_phrase(start_server, xdpstat, authority, netns, pin_root, tmp_path, old_form):  # noqa: F811
    """Standard input is a pipe that nobody writes to: who reads it waits for ever."""
    config = tmp_path / "web.yml"
    config.write_text(TLS + "}\n")
    server = start_server("--web.config.file", config, netns=netns, stdin=subprocess.PIPE)
    now = serial(server, authority)
    encrypt(tmp_path / "server.key", old_form)
    server.process.send_signal(signal.SIGHUP)
    told = server.process.stderr.readline()
    assert "it is encrypted, and pass phrases are not supported" in told and "going on with what was read before" in told
    assert serial(server, authority) == now
    again = xdpstat.start("serve", "--web.config.file", config, "--pin-root", pin_root, netns=netns, stdin=subprocess.PIPE)
    assert again.wait(timeout=10) == 2
    (line,) = again.stderr.readlines()
    assert "it is encrypted" in line and f"openssl pkey -in {tmp_path}/server.key -out NEW" in line


def test_an_expired_certificate_is_told_of(start, authority):
    authority.issue("server", days=-1)
    server = start(TLS + "}\n")
    assert any("has expired" in line for line in server.lines)
    with pytest.raises(ssl.SSLCertVerificationError):
        TlsClient(server, authority.context())


def test_the_runbook_asks_in_each_way(start, authority, bcrypt_hash, tmp_path):
    """docs/runbook.md has one line for each: none, a password, TLS, TLS with a certificate of the client."""
    authority.issue("server", "host.example")
    authority.issue("client", "admin.example")
    ways = re.findall(r"^ask\(\) .*$", RUNBOOK.read_text(), re.MULTILINE)
    users = f"basic_auth_users: {{alice: '{bcrypt_hash}'}}\n"
    certain = TLS + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}\n"
    answers = {}
    for kind, settings in enumerate(["", users, TLS + "}\n", certain]):
        server = start(settings)
        port = server.urls[0].rstrip("/").rsplit(":", 1)[1]
        for number, way in enumerate(ways):
            for old, new in (("10435", port), ("localhost", "127.0.0.1"), ("-u USER", "-u alice:secret"), ("AUTHORITY", f"{tmp_path}/ca"),
                             ("CLIENT.", f"{tmp_path}/client."), ("HOST.EXAMPLE", "host.example"), ("curl ", "curl --fail --max-time 20 ")):  # fmt: skip
                way = way.replace(old, new)
            command = [*network.inside(server.netns), "bash", "-c", f"{way}; ask /healthz"]
            answers[kind, number] = subprocess.run(command, capture_output=True, text=True).returncode == 0
        assert server.stop() == 0
    assert len(ways) == 4
    assert [answers[kind, kind] for kind in range(4)] == [True] * 4
    assert not any(answers[kind, 0] for kind in (1, 2, 3)) and not answers[3, 2]


def test_passwords(start, bcrypt_hash):
    server = start(f"basic_auth_users:\n  alice: '{bcrypt_hash}'\n  bob: '{bcrypt_hash.replace('$2b$', '$2y$')}'\n")
    with server.client() as client:
        refused = client.ask("/metrics")
        assert refused.status == 401 and refused.fields["www-authenticate"].startswith("Basic ")
        assert client.is_closed()
    wrong = [basic("alice", "wrong"), basic("alice", ""), basic("mallory", "secret"), basic("", ""), basic("alice", "secret\0x"), "Basic",
             "Basic !!!", "Bearer " + basic("alice", "secret")[6:], "Basic " + base64.b64encode(b"alicesecret").decode()]  # fmt: skip
    for _ in range(2):  # the second time by what is remembered
        for login in wrong:
            assert server.get("/metrics", Authorization=login).status == 401, login
        for login in (basic("alice", "secret"), basic("bob", "secret"), basic("alice", "secret").replace("Basic", "basic")):
            assert server.get("/metrics", Authorization=login).status == 200
            assert server.get("/nothing", Authorization=login).status == 404
    assert server.get("/healthz").status == 401, "nothing is told to strangers"
    with server.client() as client:
        client.send(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.head().status == 401


def test_passwords_do_not_hold_others_up(start, bcrypt_hash):
    """Some expensive guesses are being checked while those that are known go on."""
    words = ["perl", "-e", 'print crypt("secret", q($2b$12$abcdefghijklmnopqrstuu))']
    dear = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    server = start(f"basic_auth_users: {{alice: '{bcrypt_hash}', dear: '{dear}'}}\n")
    assert server.get("/healthz", Authorization=basic("alice", "secret")).status == 200
    guessers = [server.client(timeout=60) for _ in range(4)]
    try:
        for number, guesser in enumerate(guessers):
            guesser.send(f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic('dear', str(number))}\r\n\r\n".encode())
        for _ in range(20):
            assert server.get("/healthz", Authorization=basic("alice", "secret")).status == 200
        last = guessers[-1].socket
        last.setblocking(False)
        with pytest.raises(BlockingIOError):
            last.recv(1, socket.MSG_PEEK)
        last.settimeout(60)
        for guesser in guessers:
            assert guesser.answer().status == 401
    finally:
        for guesser in guessers:
            guesser.socket.close()


def test_the_end_does_not_wait_for_passwords(start):
    """Of the highest cost that is taken: seconds for each guess, of which several wait for the first."""
    server = start("basic_auth_users: {dear: $2y$16$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}\n")
    guessers = [server.client(timeout=60) for _ in range(17)]
    try:
        for number, guesser in enumerate(guessers):
            guesser.send(f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic('dear', str(number))}\r\n\r\n".encode())
        # The one too many hears so once the others wait, or one of them is compared already.
        assert select.select([guesser.socket for guesser in guessers], [], [], 60)[0]
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5, "two seconds are given to answers under way"
    finally:
        for guesser in guessers:
            guesser.socket.close()


def test_users_are_read_again(start, bcrypt_hash, tmp_path):
    server = start(f"basic_auth_users: {{alice: '{bcrypt_hash}'}}\n")
    assert server.get("/healthz", Authorization=basic("alice", "secret")).status == 200
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{bob: '{bcrypt_hash}'}}\n")
    server.process.send_signal(signal.SIGHUP)
    network.until(lambda: server.get("/healthz", Authorization=basic("bob", "secret")).status == 200, "the new file is read")
    assert server.get("/healthz", Authorization=basic("alice", "secret")).status == 401


def test_headers_and_http2(start):
    server = start("http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: SAMEORIGIN\n    Strict-Transport-Security: max-age=1\n")
    assert any("HTTP/1.1 is what is spoken here" in line for line in server.lines)
    for path in ("/", "/nothing"):
        fields = server.get(path).fields
        assert fields["x-frame-options"] == "SAMEORIGIN" and fields["strict-transport-security"] == "max-age=1"
        assert fields["x-content-type-options"] == "nosniff"


WRONG = {
    "unknown field": ("tls_server_config:\n  cert_file: server.crt\n  key_fil: x\n", ":3: unknown field tls_server_config.key_fil"),
    "unknown section": ("basic_auth: {}\n", ":1: unknown field basic_auth"),
    "not YAML": ("a: [\n", ":2"),
    "no map": ("- a\n", ":1:"),
    "a section that is none": ("tls_server_config: 5\n", ":1: tls_server_config is no map"),
    "no key": ("tls_server_config:\n  cert_file: server.crt\n", ":2: tls_server_config.key_file is missing: TLS needs cert_file and key_file"),
    "no file": ("tls_server_config:\n  key_file: server.key\n  cert_file:\n", ":3: tls_server_config.cert_file has no value"),
    "no such file": ("tls_server_config: {cert_file: nothere.crt, key_file: server.key}\n",
                     ":1: tls_server_config.cert_file: {}/nothere.crt: No such file or directory"),
    "no such key": ("tls_server_config:\n  cert_file: server.crt\n  key_file: nothere.key\n",
                    ":3: tls_server_config.key_file: {}/nothere.key: No such file or directory"),
    "no such authority": (TLS + ",\n  client_auth_type: VerifyClientCertIfGiven,\n  client_ca_file: nothere.crt}\n",
                          ":3: tls_server_config.client_ca_file: {}/nothere.crt: No such file or directory"),
    "no certificate": ("tls_server_config: {cert_file: web.yml, key_file: server.key}\n",
                       ":1: tls_server_config.cert_file: {}/web.yml: it holds no certificate in PEM format"),
    "no certificate of an authority": (TLS + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: server.key}\n",
                                       ":1: tls_server_config.client_ca_file: {}/server.key: it holds no certificate in PEM format"),
    "swapped": ("tls_server_config:\n  cert_file: server.key\n  key_file: server.crt\n",
                ":2: tls_server_config.cert_file: {}/server.key: it holds no certificate in PEM format"),
    "twice the certificate": ("tls_server_config:\n  cert_file: server.crt\n  key_file: server.crt\n",
                              ":3: tls_server_config.key_file: {}/server.crt: it holds no private key in PEM format"),
    "DER certificate": ("tls_server_config: {cert_file: server.crt.der, key_file: server.key}\n",
                        ":1: tls_server_config.cert_file: {}/server.crt.der: it holds no certificate in PEM format"),
    "DER key": ("tls_server_config: {cert_file: server.crt, key_file: server.key.der}\n",
                ":1: tls_server_config.key_file: {}/server.key.der: it holds no private key in PEM format"),
    "another key": ("tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n",
                    ":3: tls_server_config.key_file: {}/other.key: it is not the key of {}/server.crt"),
    "key of another kind": ("tls_server_config: {cert_file: server.crt, key_file: rsa.key}\n",
                            ":1: tls_server_config.key_file: {}/rsa.key: it is not the key of {}/server.crt"),
    "version": (TLS + ", min_version: TLS9}\n", "tls_server_config.min_version is TLS9"),
    "version order": (TLS + ",\n  max_version: TLS12,\n  min_version: TLS13}\n", ":3: tls_server_config.min_version is above max_version"),
    "highest version": (TLS + ",\n  max_version: TLS11}\n", ":2: tls_server_config.max_version is below min_version"),
    "cipher": (TLS + ", cipher_suites: [ROT13]}\n", "cipher_suites is ROT13"),
    "cipher that is no list": (TLS + ",\n  cipher_suites: TLS_AES_128_GCM_SHA256}\n", ":2: tls_server_config.cipher_suites is no list"),
    "curve that is no list": (TLS + ",\n  curve_preferences: CurveP256}\n", ":2: tls_server_config.curve_preferences is no list"),
    "name that is no list": (TLS + ",\n  client_allowed_sans: a}\n", ":2: tls_server_config.client_allowed_sans has a value of the wrong kind"),
    "client auth": (TLS + ", client_auth_type: Perhaps}\n", "client_auth_type is Perhaps"),
    "no authority": (TLS + ",\n  client_auth_type: RequireAndVerifyClientCert}\n", ":2: tls_server_config.client_auth_type needs client_ca_file"),
    "needless authority": (TLS + ",\n  client_ca_file: ca.crt}\n", ":2: tls_server_config.client_ca_file needs a client_auth_type that verifies"),
    "no users": ("basic_auth_users:\n", ":1: basic_auth_users has no value"),
    "empty users": ("basic_auth_users: {}\n", ":1: basic_auth_users names nobody"),
    "no TLS": ("http_server_config: {http2: false}\ntls_server_config:\n", ":2: tls_server_config has no value"),
    "empty TLS": ("tls_server_config: {}\n", ":1: tls_server_config.cert_file is missing"),
    "second document": ("http_server_config: {http2: false}\n---\ntls_server_config: {}\n", ":3: a second document begins"),
    "no header": ("http_server_config:\n  headers:\n    X-Frame-Options:\n", ":3: header X-Frame-Options has no value"),
    "plain password": ("basic_auth_users: {alice: secret}\n", ":1: basic_auth_users.alice is no bcrypt hash"),
    "dear password": ("basic_auth_users:\n  alice: $2y$17$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n",
                      ":2: basic_auth_users.alice has the cost 17, and at most 16 is taken"),
    "kind": ("http_server_config: {http2: perhaps}\n", "http_server_config.http2 has a value of the wrong kind"),
    "header": ("http_server_config: {headers: {Set-Cookie: a}}\n", "header Set-Cookie cannot be set"),
    "header's lines": ('http_server_config: {headers: {X-Frame-Options: "a\\r\\nb: c"}}\n', "has control characters"),
    "twice": (TLS + ", cert_file: server.crt}\n", "tls_server_config.cert_file is there twice"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_say_where(xdpstat, authority, netns, pin_root, tmp_path, name):
    authority.issue("other")
    for kind, file in (("x509", "server.crt"), ("pkey", "server.key")):
        authority.run(kind, "-in", tmp_path / file, "-outform", "DER", "-out", tmp_path / f"{file}.der")
    authority.run("genrsa", "-out", tmp_path / "rsa.key", "2048")
    text, what = WRONG[name]
    (tmp_path / "web.yml").write_text(text)
    result = xdpstat("serve", "--web.config.file", tmp_path / "web.yml", "--pin-root", pin_root, netns=netns, check=False)
    assert result.returncode in (2, 3) and what.replace("{}", str(tmp_path)) in result.stderr, result.stderr
    assert result.stderr.startswith(f"xdpstat: cannot use the web configuration {tmp_path}/web.yml:") and result.stderr.count("\n") == 1


def test_files_that_cannot_be_read(xdpstat, netns, pin_root, tmp_path):
    def serve(path):
        return xdpstat("serve", "--web.config.file", path, "--pin-root", pin_root, netns=netns, check=False)

    assert serve(tmp_path / "nothere.yml").returncode == 3
    assert serve(tmp_path).returncode == 1
    (tmp_path / "no.pem").write_text("this is no certificate\n")
    (tmp_path / "tls.yml").write_text("tls_server_config: {cert_file: no.pem, key_file: no.pem}\n")
    no_pem = serve(tmp_path / "tls.yml")
    assert no_pem.returncode == 2 and "tls.yml:1: tls_server_config.cert_file: " in no_pem.stderr and "it holds no certificate in PEM format" in no_pem.stderr
    secret = tmp_path / "secret.yml"
    secret.write_text("")
    secret.chmod(0)
    # Root without the right to read what it may not.
    words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", xdpstat.binary, "serve", "--web.config.file", secret]
    unreadable = subprocess.run([*network.inside(netns), *map(str, words)], capture_output=True, text=True, timeout=30)
    assert unreadable.returncode == 4 and unreadable.stderr.count("\n") == 1
    assert f"cannot use the web configuration {secret}: Permission denied" in unreadable.stderr
    (tmp_path / "empty.yml").write_text("")
    empty = Server(xdpstat.start("serve", "--web.config.file", tmp_path / "empty.yml", "--pin-root", pin_root,
                                 "--web.listen-address", "127.0.0.1:0", netns=netns), netns)  # fmt: skip
    empty.wait_until_it_listens(1)
    assert empty.urls[0].startswith("http://"), "an empty file asks for nothing"
