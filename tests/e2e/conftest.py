# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the end-to-end tests: the real binary, on real interfaces, under the real kernel."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import leaks  # noqa: E402
import network  # noqa: E402

# Asked to end it cleans up, as after Ctrl-C. Those who kill leave that to the next run: leaks.sweep().
signal.signal(signal.SIGTERM, signal.default_int_handler)

RUN = uuid.uuid4().hex
DEFAULT_PIN_ROOT = leaks.BPFFS / "xdpstat"
TEST_PIN_ROOT = leaks.BPFFS / f"xs-e2e-{os.getpid()}"
LOCK = Path("/run/lock/xdpstat-e2e.lock")
FAILED = pytest.StashKey[bool]()
TOOLS = ["ip", "nsenter", "ethtool", "sysctl", "bpftool"]


def need(found: bool, what: str) -> None:
    """Skips where something is missing; where everything is required, that is a failure."""
    if found:
        return
    if os.environ.get("XDPSTAT_REQUIRE") == "all":
        pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def built(variable: str) -> str:
    path = os.environ.get(variable, "")
    need(os.path.isfile(path), f"{variable}, the path of what the build made: {path!r}")
    return path


def mount_bpffs() -> None:
    """Mounts the BPF file system where it is missing. It stays: others may have begun to use it."""
    if not os.path.ismount(leaks.BPFFS):
        network.run("mount", "-t", "bpf", "bpf", leaks.BPFFS)


@pytest.fixture(scope="session", autouse=True)
def machine():
    """Probes once for what every test here needs; holds the lock that keeps two runs on a machine apart."""
    need(os.geteuid() == 0, "root, to make namespaces and load programs")
    for tool in TOOLS:
        need(shutil.which(tool) is not None, f"{tool}: make deps")
    os.environ[leaks.MARK] = RUN
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mount_bpffs()
        leaks.sweep()
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.stash[FAILED] = True


@pytest.fixture(autouse=True)
def leak_check(request, machine):
    """Fails a test that leaves anything behind, and cleans up after it; one that failed is only cleaned up after."""
    roots = [TEST_PIN_ROOT, DEFAULT_PIN_ROOT]
    before = leaks.state(RUN, roots)
    yield
    if request.node.stash.get(FAILED, False):
        leaks.clean(before, RUN, roots)
        return
    found = leaks.after(before, RUN, roots)
    leaks.clean(before, RUN, roots)
    if found:
        pytest.fail("left behind: " + "; ".join(found), pytrace=False)


@pytest.fixture
def pin_root(leak_check):
    """A pin root of this test's own below /sys/fs/bpf. It does not exist yet: making it is xdpstat's business.
    What is pinned there must be gone at the test's end."""
    mount_bpffs()
    TEST_PIN_ROOT.mkdir(exist_ok=True)
    root = TEST_PIN_ROOT / uuid.uuid4().hex[:8]
    yield root
    with contextlib.suppress(OSError):
        root.rmdir()  # only where it is empty: what is left in it is for the leak check to find
    with contextlib.suppress(OSError):
        TEST_PIN_ROOT.rmdir()


@pytest.fixture
def make_link(leak_check):
    """network.link() as a function: make_link(mtu=9000) returns a Link; all are gone at the test's end."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(network.link(**options))


@pytest.fixture
def link(make_link) -> network.Link:
    """A veth pair with IPv4 and IPv6 addresses, MTU 1500."""
    return make_link()


@pytest.fixture
def make_namespace(leak_check):
    """A further network namespace: make_namespace("role") returns its name."""
    with contextlib.ExitStack() as stack:
        yield lambda role="extra": stack.enter_context(network.namespace(role))


@pytest.fixture
def bpf_object() -> Path:
    """The compiled BPF object, for loaders other than xdpstat."""
    return Path(built("XDPSTAT_OBJECT"))


class Xdpstat:
    """Runs the real binary. Calling it waits for the end; start() leaves it running."""

    def __init__(self, binary: str):
        self.binary = binary
        self.running: list[subprocess.Popen] = []

    def _command(self, arguments: tuple, netns: str | None) -> list[str]:
        return [*network.inside(netns), self.binary, *map(str, arguments)]

    def __call__(self, *arguments, netns=None, check=True, timeout=30, **options) -> subprocess.CompletedProcess:
        command = self._command(arguments, netns)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        result = subprocess.run(command, timeout=timeout, **options)
        if check and result.returncode != 0:
            pytest.fail(f"{' '.join(command)}: exit code {result.returncode}: {(result.stderr or '').strip()}", pytrace=False)
        return result

    def json(self, *arguments, netns=None, **options):
        """The parsed output of a command that was asked for JSON."""
        return json.loads(self(*arguments, netns=netns, **options).stdout)

    def start(self, *arguments, netns=None, **options) -> subprocess.Popen:
        """Starts it and returns at once; it is ended with the test if it still runs then."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        process = subprocess.Popen(self._command(arguments, netns), **options)
        self.running.append(process)
        return process

    def end(self) -> None:
        while self.running:
            process = self.running.pop()
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    process.kill()
            # Closes the pipes too, and reads what the process may be blocked on writing.
            process.communicate()


@pytest.fixture
def xdpstat(leak_check):
    """xdpstat("show", "--json", netns=..., check=True) runs the real binary, inside a namespace if one is given."""
    program = Xdpstat(built("XDPSTAT_BINARY"))
    yield program
    program.end()


@pytest.fixture
def attach(xdpstat, make_link, pin_root):
    """attach(link.receiver, "--mode", "generic") attaches under the test's pin root; detached at its end."""
    ends: list[network.Endpoint] = []

    def run(end: network.Endpoint, *options) -> subprocess.CompletedProcess:
        ends.append(end)
        return xdpstat("attach", end.name, "--pin-root", pin_root, *options, netns=end.netns)

    yield run
    for end in ends:
        xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)


class Sender:
    """Sends frames out of an interface as fast as one CPU can, or with pauses (tests/e2e/sender.c)."""

    def __init__(self, program: str):
        self.program = program
        self.running: list[subprocess.Popen] = []

    def start(self, end: network.Endpoint, *, count=1, frame: bytes | None = None, pcap=None, cpu=0, pause=0) -> subprocess.Popen:
        """Begins to send `count` copies of a frame, or a capture `count` times over."""
        assert (frame is None) != (pcap is None), "either a frame or a capture"
        source = ["--pcap", str(pcap)] if pcap else ["--frame", frame.hex()]
        command = [*network.inside(end.netns), self.program, "--interface", end.name, "--count", str(count), "--cpu", str(cpu), "--pause", str(pause), *source]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    def finish(self, process: subprocess.Popen, timeout=120) -> dict[str, int]:
        """Waits for a sender: {"frames": ..., "bytes": ...} that the kernel took, and how often it "refused"."""
        out, err = process.communicate(timeout=timeout)
        assert process.returncode == 0, err.strip()
        return json.loads(out)

    def __call__(self, end: network.Endpoint, *, timeout=120, **options) -> dict[str, int]:
        return self.finish(self.start(end, **options), timeout)

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def send(leak_check):
    """send(link.sender, frame=b"...", count=1000, cpu=1), or pcap="file"; send.start and send.finish for both CPUs
    at once."""
    sender = Sender(built("XDPSTAT_FRAME_SENDER"))
    yield sender
    sender.end()
