# SPDX-License-Identifier: BSD-2-Clause
"""watch: as lines in a pipe, and on the screen of a real terminal (tmux)."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import network
import pytest
from conftest import need

INTERVAL = "0.1"
TITLES = "time interface packets/s bits/s icmp/s tcp/s udp/s other/s".split()


@pytest.fixture
def attached(link, xdpstat, pin_root):
    """An attached veth: attached(*arguments) are the words that watch it."""
    xdpstat("--pin-root", pin_root, "attach", link.receiver.name, netns=link.receiver.netns)
    yield lambda *arguments: ["--pin-root", str(pin_root), "watch", *map(str, arguments)]
    xdpstat("--pin-root", pin_root, "detach", "--all", netns=link.receiver.netns, check=False)


@pytest.fixture
def traffic(link):
    """Pings that arrive at the receiver, a hundred a second and more, until the test ends."""
    command = [*network.inside(link.sender.netns), "ping", "-q", "-i", "0.005", link.receiver.ipv4]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield process
        process.kill()


class Terminal:
    """A shell of job control in a terminal of its own."""

    def __init__(self, socket: Path, netns: str):
        self.tmux = ["tmux", "-u", "-f", os.devnull, "-S", str(socket)]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        shell = "PS1='ready> ' exec bash --norc --noprofile -i"
        network.run(*network.inside(netns), *self.tmux, "new-session", "-d", "-x", 80, "-y", 24, shell, env=environment)
        self.shows("ready>")

    def _run(self, *command) -> str:
        return network.run(*self.tmux, *command).stdout

    def enter(self, line: str) -> None:
        self._run("send-keys", "-l", line)
        self._run("send-keys", "Enter")

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        self._run("resize-window", "-x", width, "-y", height)

    def text(self) -> str:
        return self._run("capture-pane", "-p")

    def shows(self, pattern: str) -> str:
        def found():
            text = self.text()
            return text if re.search(pattern, text, re.MULTILINE) else None

        return network.until(found, f"{pattern!r} in\n{self.text()}")

    def modes(self) -> tuple[str, str]:
        """Whether the alternate screen is on, and the cursor to be seen."""
        alternate, cursor = self._run("display-message", "-p", "#{alternate_on} #{cursor_flag}").split()
        return alternate, cursor

    def children(self) -> list[int]:
        shell = self._run("display-message", "-p", "#{pane_pid}").strip()
        return [int(pid) for pid in Path(f"/proc/{shell}/task/{shell}/children").read_text().split()]

    def close(self) -> None:
        self._run("kill-server")


SCREEN, SHELL = ("1", "0"), ("0", "1")


@pytest.fixture
def terminal(link, tmp_path, leak_check):
    need(shutil.which("tmux") is not None, "tmux: make deps")
    need(shutil.which("bash") is not None, "bash")
    opened = Terminal(tmp_path / "tmux", link.receiver.netns)
    yield opened
    opened.close()


class Watching:
    """xdpstat watch in the foreground of a terminal, between two looks at the terminal's settings."""

    def __init__(self, terminal: Terminal, binary: str, arguments: list[str], folder: Path):
        self.terminal = terminal
        self.folder = folder
        words = " ".join([binary, *arguments])
        terminal.enter(f"cd {folder}; stty -g > before; {words}; echo $? > code; stty -g > after; echo do''ne")

    def on_screen(self) -> "Watching":
        network.until(lambda: self.terminal.modes() == SCREEN, f"the alternate screen in\n{self.terminal.text()}")
        return self

    @property
    def pid(self) -> int:
        return network.until(self.terminal.children, "a child of the shell")[0]

    def ended(self) -> int:
        """Waits for the end; the terminal must be as it was. Returns the exit code."""
        self.terminal.shows("^done")
        assert self.terminal.modes() == SHELL
        assert (self.folder / "before").read_text() == (self.folder / "after").read_text()
        return int((self.folder / "code").read_text())


@pytest.fixture
def watching(terminal, xdpstat, attached, tmp_path):
    return lambda *arguments: Watching(terminal, xdpstat.binary, attached("-i", INTERVAL, *arguments), tmp_path)


def rate(text: str) -> float:
    value, prefix = re.search(r"^packets +([0-9.]+) (k?)pps", text, re.MULTILINE).groups()
    return float(value) * (1000 if prefix else 1)


def test_screen_moves_resizes_and_quits(watching, terminal, traffic, link):
    watch = watching().on_screen()
    text = terminal.shows(r"^packets +[1-9]")
    assert rate(text) > 0
    for words in ("Protocol", "IP version", "Frame size", "ICMP", "native", link.receiver.name, "Packets/s"):
        assert words in text
    terminal.resize(40, 10)
    narrow = terminal.shows(r"^q quit")
    network.until(lambda: "Frame size" not in terminal.text(), "the sizes leave the small screen")
    assert link.receiver.name in narrow
    terminal.resize(120, 40)
    terminal.shows("Frame size")
    traffic.kill()
    terminal.shows(r"^packets +0 pps")
    terminal.press("q")
    assert watch.ended() == 0
    assert "Protocol" not in terminal.text()


def test_keys(watching, terminal, traffic):
    watch = watching().on_screen()
    terminal.shows(r"^bits +[1-9]")
    terminal.press("b")
    terminal.shows(r"^bytes +[1-9]")
    terminal.press("p")
    paused = terminal.shows("PAUSED")
    total = re.search(r"^total ([0-9,]+) packets", paused, re.MULTILINE).group(1)
    traffic.kill()
    terminal.press("b")
    assert f"total {total} packets" in terminal.shows(r"^bits ")
    terminal.press("p")
    network.until(lambda: f"total {total} packets" not in terminal.text(), "the total goes on")
    terminal.press("C-l")
    terminal.shows("q quit")
    terminal.press("C-c")
    assert watch.ended() == 0


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM]
)
def test_signals_give_the_terminal_back(watching, terminal, number):
    watch = watching().on_screen()
    terminal.shows("q quit")
    os.kill(watch.pid, number)
    assert watch.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS])
def test_faults_give_the_terminal_back(watching, terminal, number):
    watch = watching().on_screen()
    terminal.shows("q quit")
    os.kill(watch.pid, number)
    assert watch.ended() == 128 + number


def test_stop_and_go_on(watching, terminal, traffic):
    watch = watching().on_screen()
    terminal.shows(r"^packets +[1-9]")
    terminal.press("C-z")
    terminal.shows("Stopped")
    assert terminal.modes() == SHELL
    terminal.enter("clear; fg")
    watch.on_screen()
    terminal.shows(r"^packets +[1-9]")
    # Stopped without being asked, the screen is drawn anew all the same.
    pid = watch.pid
    os.kill(pid, signal.SIGSTOP)
    terminal.shows("Stopped")
    terminal.enter("fg")
    terminal.shows(r"^packets +[1-9]")
    terminal.press("q")
    network.until(lambda: terminal.modes() == SHELL, "the shell's screen")


def test_count_ends_the_screen(watching, terminal):
    watch = watching("-n", 3)
    assert watch.ended() == 0


def test_interface_that_disappears_ends_the_screen(watching, terminal, link):
    watch = watching(link.receiver.name).on_screen()
    terminal.shows("q quit")
    link.sender.run("ip", "link", "delete", link.sender.name)
    assert watch.ended() == 3
    assert re.search(rf"^xdpstat: cannot go on watching {link.receiver.name}: the interface is gone", terminal.text(), re.MULTILINE)


def test_terminal_without_a_description(terminal, xdpstat, attached):
    terminal.enter("export TERM=no-such-terminal")
    terminal.enter(" ".join([xdpstat.binary, *attached("-i", INTERVAL, "-n", 2)]))
    text = terminal.shows(r"no-such-terminal")
    terminal.shows(r"^time +interface")
    assert terminal.modes()[0] == "0", text


def test_dumb_terminal(terminal, xdpstat, attached, tmp_path):
    terminal.enter("export TERM=dumb")
    terminal.enter(" ".join([xdpstat.binary, *attached("-i", INTERVAL, "-n", 2)]) + f" 2> {tmp_path}/error; echo do''ne")
    assert "packets/s" in terminal.shows("^done")
    assert (tmp_path / "error").read_text() == ""


def test_lines(xdpstat, attached, traffic, link):
    netns = link.receiver.netns
    result = xdpstat(*attached("-i", INTERVAL, "-n", 5), netns=netns)
    header, *lines = [line.split() for line in result.stdout.splitlines()]
    assert header == TITLES
    assert len(lines) == 5
    for line in lines:
        time, interface, packets, bits, icmp, tcp, udp, other = line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)
        assert interface == link.receiver.name
        assert float(packets) > 0 and float(bits) > 8 * 42 * float(packets)
        assert abs(float(packets) - float(icmp) - float(tcp) - float(udp) - float(other)) <= 4
    assert result.stderr == ""


def test_lines_come_at_once(xdpstat, attached, link):
    process = xdpstat.start(*attached("-i", INTERVAL), netns=link.receiver.netns)
    for _ in range(3):
        assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0


def test_intervals_do_not_drift(xdpstat, attached, link):
    result = xdpstat(*attached("-i", "0.05", "-n", 41), netns=link.receiver.netns)
    times = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    seconds = [60 * int(time[14:16]) + float(time[17:23]) for time in times]
    assert len(times) == 41
    assert (seconds[-1] - seconds[0]) % 3600 == pytest.approx(40 * 0.05, abs=0.04)


def test_closed_pipe_ends_it_quietly(xdpstat, attached, link):
    process = xdpstat.start(*attached("-i", "3600"), netns=link.receiver.netns)
    assert process.stdout.readline().split() == TITLES
    process.stdout.close()
    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == ""
    process.stdout = None


def test_full_disk_is_an_error(xdpstat, attached, link):
    with open("/dev/full", "w") as full:
        result = xdpstat(*attached("-n", 1), netns=link.receiver.netns, check=False, stdout=full)
    assert result.returncode == 1
    assert result.stderr == "xdpstat: cannot write to standard output: No space left on device\n"


def test_other_interfaces_go_on(make_link, xdpstat, pin_root):
    first, second = make_link(), make_link()
    # Both ends to watch in one namespace.
    netns = first.receiver.netns
    second.receiver.run("ip", "link", "set", second.receiver.name, "netns", netns)
    network.run(*network.inside(netns), "ip", "link", "set", second.receiver.name, "up")
    root = ["--pin-root", pin_root]
    names = [first.receiver.name, second.receiver.name]
    xdpstat(*root, "attach", *names, netns=netns)
    process = xdpstat.start(*root, "watch", "-i", INTERVAL, netns=netns)
    assert process.stdout.readline().split() == TITLES
    assert {process.stdout.readline().split()[1] for _ in names} == set(names)
    second.sender.run("ip", "link", "delete", second.sender.name)
    assert process.stderr.readline() == f"xdpstat: {names[1]}: the interface is gone\n"
    network.until(lambda: process.stdout.readline().split()[1] == names[0] == process.stdout.readline().split()[1], "one left")
    xdpstat(*root, "detach", names[0], netns=netns)
    assert process.wait(timeout=10) == 3
    assert "all are gone or detached" in process.stderr.read()
    xdpstat(*root, "detach", "--all", netns=netns)


def test_new_counter_is_noticed(xdpstat, attached, link, pin_root):
    netns, name = link.receiver.netns, link.receiver.name
    other = ["--pin-root", pin_root]
    xdpstat(*other, "attach", "lo", netns=netns)
    process = xdpstat.start(*attached("-i", INTERVAL), netns=netns)
    process.stdout.readline()
    xdpstat(*other, "detach", name, netns=netns)
    assert process.stderr.readline() == f"xdpstat: {name}: the counter was detached\n"
    xdpstat(*other, "attach", name, netns=netns)
    assert re.fullmatch(rf"xdpstat: {name}: a new counter, attached .* UTC\n", process.stderr.readline())
    while process.stdout.readline().split()[1] != name:
        pass
    process.terminate()
    assert process.wait(timeout=10) == 0


def test_a_renamed_interface_is_followed(xdpstat, attached, link, pin_root):
    netns, name = link.receiver.netns, link.receiver.name
    process = xdpstat.start(*attached("-i", INTERVAL), netns=netns)
    process.stdout.readline()
    network.run(*network.inside(netns), "ip", "link", "set", "dev", name, "name", "renamed")
    xdpstat("--pin-root", pin_root, "attach", "renamed", netns=netns)  # moves the pins
    assert process.stderr.readline() == f"xdpstat: {name}: renamed to renamed\n"
    while process.stdout.readline().split()[1] != "renamed":
        pass
    process.terminate()
    assert process.wait(timeout=10) == 0
    xdpstat("--pin-root", pin_root, "detach", "renamed", netns=netns)
    network.run(*network.inside(netns), "ip", "link", "set", "dev", "renamed", "name", name)
    xdpstat("--pin-root", pin_root, "attach", name, netns=netns)


def test_nothing_attached(xdpstat, pin_root):
    result = xdpstat("--pin-root", pin_root, "watch", check=False)
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1 and "nothing is attached" in result.stderr


@pytest.mark.parametrize("words", [["-i", "0"], ["-i", "-1"], ["-i", "0.049"], ["-i", "nan"], ["-i", "inf"], ["-i", "x"],
                                   ["-i", "1e9"], ["-n", "0"], ["-n", "-1"], ["-n", "1x"],
                                   ["-i", "0.5x"], ["-i", ""], ["--no-such-option"]])  # fmt: skip
def test_wrong_usage_is_one_line(xdpstat, pin_root, words):
    result = xdpstat("--pin-root", pin_root, "watch", *words, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("xdpstat: ") and result.stderr.count("\n") == 1
    assert len(result.stderr) < 160


def test_memory(watching, terminal):
    watch = watching().on_screen()
    terminal.shows(r"^packets +[0-9]")
    status = Path(f"/proc/{watch.pid}/status").read_text()
    resident = int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1))
    print(f"resident memory of watch: {resident} kB")
    assert resident < 8 * 1024
    terminal.press("q")
    assert watch.ended() == 0
