# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of the page: the real binary serves it, a real browser shows it, in one network namespace."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
E2E = HERE.parents[1] / "e2e"
sys.path[:0] = [str(HERE.parent), str(E2E)]

# The fixtures of the end-to-end tests: real interfaces in namespaces, and the check for what is left behind.
spec = importlib.util.spec_from_file_location("e2e_fixtures", E2E / "conftest.py")
e2e_fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e_fixtures)
globals().update({name: value for name, value in vars(e2e_fixtures).items() if not name.startswith("__")})

import modules  # noqa: E402
import network  # noqa: E402

PORT = 10435
ORIGIN = f"http://127.0.0.1:{PORT}"


def chromium() -> str:
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    modules.need(found is not None, "chromium: make deps")
    return found


class Browser:
    """A browser inside a namespace: browser("click", "#pause"). Every action waits until it is done, or raises."""

    def __init__(self, netns: str, folder: Path):
        command = [*network.inside(netns), "node", HERE / "driver.mjs", modules.WEB, chromium()]
        environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        self.errors = open(folder / "browser.err", "w+")
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment
        )

    def __call__(self, action: str, *words):
        print(json.dumps({"do": action, "with": words}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            pytest.fail(f"the browser ended: {self.errors.read()[-2000:]}", pytrace=False)
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"{action} {words}: {answer['error']}")
        return answer["value"]

    def open(self, path: str = "/", origin: str = ORIGIN, **options) -> dict:
        return self("open", origin + path, options)

    def get(self, expression: str):
        return self("get", expression)

    def until(self, expression: str, timeout: float = 20):
        return self("until", expression, timeout * 1000)

    def text(self, selector: str) -> str:
        return self("text", selector)

    def snapshot(self) -> dict:
        """What the server says of each interface now, read by Python: every integer exact."""
        document = json.loads(self.get("fetch('api/v1/snapshot').then((answer) => answer.text())"))
        return {interface["interface"]: interface for interface in document["interfaces"]}

    def counters(self) -> dict[str, int]:
        """The headline counters that the page shows of what is chosen."""
        shown = self.get("[...document.querySelectorAll('#totals dd')].map((cell) => [cell.dataset.counter, cell.textContent])")
        return {name: int(text.replace(",", "")) for name, text in shown if text != "–"}

    def until_counters(self, wanted: dict[str, int]) -> None:
        """Waits until the page shows these."""
        name, count = next(iter(wanted.items()))
        self.until(f"document.querySelector('#totals [data-counter={name}]')?.textContent === '{count:,}'")
        assert {name: self.counters()[name] for name in wanted} == wanted

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


@pytest.fixture
def make_browser(leak_check, tmp_path):
    """make_browser(netns) starts one; it is closed at the test's end."""
    modules.install()
    running: list[Browser] = []

    def start(netns: str) -> Browser:
        running.append(Browser(netns, tmp_path))
        return running[-1]

    yield start
    for browser in running:
        browser.close()


class Server:
    """`xdpstat serve` in a namespace."""

    def __init__(self, xdpstat, netns: str, pin_root: Path, interfaces: tuple):
        self.xdpstat, self.netns = xdpstat, netns
        self.arguments = ["--pin-root", pin_root, "serve", *interfaces]
        self.process = None

    def start(self) -> None:
        self.process = self.xdpstat.start(*self.arguments, netns=self.netns)
        network.until(self.listens, "the server listens")

    def listens(self) -> bool:
        assert self.process.poll() is None, self.process.stderr.read()
        listeners = network.run(*network.inside(self.netns), "ss", "-Hltn", "sport", "=", f":{PORT}").stdout
        return bool(listeners.strip())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)



@pytest.fixture
def serve(xdpstat, pin_root):
    """serve(netns, "eth0") starts the server there, and returns when it listens."""

    def start(netns: str, *interfaces) -> Server:
        server = Server(xdpstat, netns, pin_root, interfaces)
        server.start()
        return server

    return start


@pytest.fixture
def page(make_link, attach, serve, make_browser):
    """A quiet veth whose counter the page shows in a browser, which waits for the first numbers: link, server, browser."""
    link = make_link(ipv6=False)
    attach(link.receiver)
    server = serve(link.receiver.netns)
    browser = make_browser(link.receiver.netns)
    browser.open()
    browser.until("document.querySelector('#status').className === 'live'")
    browser.until("document.querySelector('#title').textContent !== '…'")
    return link, server, browser
