# SPDX-License-Identifier: BSD-2-Clause
"""Real programs of monitoring, run within a network namespace and asked by Prometheus' own interface."""

import contextlib
import http.client
import json
import shutil
import subprocess
import urllib.parse
from pathlib import Path

import network
import yaml
from conftest import need
from serving import socket_in

LOOPBACK = "127.0.0.1"


class Monitor:
    """A running program that answers queries in PromQL on a port of its namespace's loopback."""

    def __init__(self, netns: str, port: int, command: list, log: Path):
        need(shutil.which(command[0]) is not None, f"{command[0]}: make deps")
        self.netns = netns
        self.port = port
        self.log = log
        with open(log, "w") as file:
            self.process = subprocess.Popen([*network.inside(netns), *map(str, command)], stdout=file, stderr=file)

    def ask(self, path: str, **words: object) -> dict | list:
        """The data of an answer; empty while it starts."""
        assert self.process.poll() is None, f"it ended: {self.log.read_text()[-2000:]}"
        try:
            with contextlib.closing(http.client.HTTPConnection(LOOPBACK, self.port)) as connection:
                connection.sock = socket_in(self.netns)
                connection.sock.settimeout(30)
                connection.sock.connect((LOOPBACK, self.port))
                connection.request("GET", f"{path}?{urllib.parse.urlencode(words)}")
                answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str, at: float | None = None) -> list:
        """The result of an instant query."""
        moment = {} if at is None else {"time": f"{at:.3f}"}
        return self.ask("/api/v1/query", query=expression, **moment).get("result", [])

    def values(self, expression: str, start: float, end: float, step: float) -> list[float]:
        """Those of the one series, from time to time."""
        (series,) = self.ask("/api/v1/query_range", query=expression, start=start, end=end, step=step)["result"]
        return [float(value) for _, value in series["values"]]

    def value(self, expression: str, at: float | None = None) -> float:
        """That of the one series, once there is one."""
        found = network.until(lambda: self.query(expression, at), f"a result of {expression}", timeout=60)
        assert len(found) == 1, found
        return float(found[0]["value"][1])

    def wait(self, expression: str, what: str, timeout: float = 60) -> None:
        """Until a query has a result."""
        network.until(lambda: self.query(expression), what, timeout)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


class Prometheus(Monitor):
    """Every interval is a second where the configuration names none, so that a test need not wait."""

    def __init__(self, netns: str, folder: Path, config: dict, port: int = 9090):
        folder.mkdir(parents=True, exist_ok=True)
        config = {**config, "global": {**config.get("global", {}), "scrape_interval": "1s", "evaluation_interval": "1s"}}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        super().__init__(
            netns,
            port,
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={LOOPBACK}:{port}", "--log.level=warn"],
            folder / "log")  # fmt: skip


class VictoriaMetrics(Monitor):
    def __init__(self, netns: str, folder: Path, port: int = 8428):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(
            netns,
            port,
            ["victoria-metrics", f"-storageDataPath={folder}/data", f"-httpListenAddr={LOOPBACK}:{port}", "-search.latencyOffset=0s"],
            folder / "log",
        )
