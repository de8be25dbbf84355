# SPDX-License-Identifier: BSD-2-Clause
"""Many nodes on one machine: each a network namespace with an exporter and traffic of its own, and real Prometheus
servers that find them and sum over them."""

import contextlib
import json
import os
import re
import struct
import threading
import time
from pathlib import Path

import network
import pytest
import yaml
from monitoring import Prometheus, VictoriaMetrics
from serving import Server, socket_in

NODES = int(os.environ.get("XDPSTAT_FLEET", "50"))
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "prometheus"
SCALING = ROOT / "docs" / "scaling.md"
PORT = 10435
PROTOCOLS = {"udp": 17, "tcp": 6, "icmp": 1}
HEADERS = 14 + 20


def frame(protocol: int, length: int) -> bytes:
    """To everybody on the wire: an IPv4 frame that nobody answers."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length - 14, 0, 0, 64, protocol, 0, bytes([192, 0, 2, 2]), bytes([192, 0, 2, 1]))
    return (bytes.fromhex("ffffffffffff020000000099") + b"\x08\x00" + ip).ljust(length, b"\0")


class Node:
    """A host with eth0, whose traffic the test makes, and an address that Prometheus reaches it by."""

    def __init__(self, number: int, netns: str, root: Path):
        self.number = number
        self.netns = netns
        self.root = root
        self.address = f"10.78.{number // 250}.{number % 250 + 1}"
        self.protocol = list(PROTOCOLS)[number % len(PROTOCOLS)]
        self.frame = frame(PROTOCOLS[self.protocol], 64 + number)
        self.sent = 0
        self.server: Server | None = None

    @property
    def target(self) -> str:
        return f"{self.address}:{PORT}"

    def received(self) -> int:
        said = json.loads(network.run(*network.inside(self.netns), "ip", "-j", "-s", "link", "show", "dev", "eth0").stdout)
        return said[0]["stats64"]["rx"]["packets"]


class Fleet:
    def __init__(self, hub: str, xdpstat, nodes: list[Node]):
        self.hub = hub
        self.xdpstat = xdpstat
        self.nodes = nodes
        self.sockets = []

    def wire(self) -> None:
        """Every node gets a wire of its own for traffic, and a port of the switch for those who scrape."""
        lines = ["link add switch type bridge", "address add 10.78.255.254/16 dev switch", "link set switch up"]
        for node in self.nodes:
            lines += [
                f"link add feed{node.number} type veth peer name eth0 netns {node.netns}",
                f"link add port{node.number} type veth peer name mgmt netns {node.netns}",
                f"link set port{node.number} master switch up",
                f"link set feed{node.number} up",
            ]
        quiet = "net.ipv6.conf.all.disable_ipv6=1"
        network.run(*network.inside(self.hub), "sysctl", "-q", "-w", quiet, "net.ipv6.conf.default.disable_ipv6=1")
        for node in self.nodes:
            network.run(*network.inside(node.netns), "sysctl", "-q", "-w", quiet, "net.ipv6.conf.default.disable_ipv6=1")
        network.run(*network.inside(self.hub), "ip", "-batch", "-", input="\n".join(lines))
        for node in self.nodes:
            words = f"link set eth0 up\naddress add {node.address}/16 dev mgmt\nlink set mgmt up\n"
            network.run(*network.inside(node.netns), "ip", "-batch", "-", input=words)
            feed = socket_in(self.hub, 17, 3)  # AF_PACKET, SOCK_RAW
            feed.bind((f"feed{node.number}", 0))
            self.sockets.append(feed)

    def start(self, nodes: list[Node]) -> None:
        """Starts their exporters at once, and waits until all listen."""
        for node in nodes:
            words = ("serve", "eth0", "--attach", "--pin-root", node.root, "--web.listen-address", node.target)
            node.server = Server(self.xdpstat.start(*words, netns=node.netns), node.netns)
        for node in nodes:
            node.server.wait_until_it_listens(1)

    def stop(self, nodes: list[Node]) -> None:
        for node in nodes:
            node.server.process.terminate()
        for node in nodes:
            node.server.process.wait(timeout=30)

    def send(self) -> None:
        """A frame for each node, but for those with an odd number every other time: no two sums are alike by chance."""
        for node, feed in zip(self.nodes, self.sockets):
            if node.number % 2 == 0 or node.sent % 3 != 1 or self.nodes[0].sent % 2 == 0:
                feed.send(node.frame)
                node.sent += 1

    @contextlib.contextmanager
    def traffic(self, pause: float = 0.02):
        """Sends all the time, until the end."""
        ended = threading.Event()

        def run():
            while not ended.wait(pause):
                self.send()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def sent(self, protocol: str | None = None) -> int:
        return sum(node.sent for node in self.nodes if protocol in (None, node.protocol))

    def write_targets(self, folder: Path) -> None:
        """What finds nodes writes such files, here a few nodes to each."""
        folder.mkdir()
        for first in range(0, len(self.nodes), 20):
            some = [node.target for node in self.nodes[first : first + 20]]
            (folder / f"{first}.json").write_text(json.dumps([{"targets": some, "labels": {"cluster": "test"}}]))


@pytest.fixture
def make_fleet(make_namespace, xdpstat, pin_root):
    """make_fleet(50) is a fleet whose exporters count; nothing was sent yet."""
    made = []

    def make(count: int) -> Fleet:
        pin_root.mkdir()
        nodes = [Node(number, make_namespace(f"node{number}"), pin_root / str(number)) for number in range(count)]
        fleet = Fleet(make_namespace("hub"), xdpstat, nodes)
        fleet.wire()
        made.append(fleet)
        fleet.start(nodes)
        return fleet

    yield make
    for fleet in made:
        for feed in fleet.sockets:
            feed.close()
        fleet.stop([node for node in fleet.nodes if node.server])
        for node in fleet.nodes:
            xdpstat("detach", "--all", "--pin-root", node.root, netns=node.netns)
            with contextlib.suppress(FileNotFoundError):
                node.root.rmdir()


@pytest.fixture
def run(request):
    """run(Prometheus, ...) starts a program that ends with the test."""
    running = []

    def start(kind, *words, **options):
        running.append(kind(*words, **options))
        return running[-1]

    yield start
    for one in reversed(running):  # who writes to another, before that one
        one.stop()


def shard(number: int, of: int, targets: Path, **more) -> dict:
    """The configuration that is deployed, for one shard of so many."""
    config = yaml.safe_load((DEPLOY / "fleet" / "shard.yml").read_text())
    config["global"]["external_labels"]["shard"] = str(number)
    config["rule_files"] = [str((DEPLOY / "fleet" / name).resolve()) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    (found,) = job["file_sd_configs"]
    found["files"] = [str(targets / Path(name).name) for name in found["files"]]
    deal, keep = job["relabel_configs"]
    deal["modulus"], keep["regex"] = of, str(number)
    return config | more


def documented(word: str) -> dict:
    """The block of configuration in docs/scaling.md that begins with a word."""
    (block,) = re.findall(rf"^```yaml\n({word}:\n.*?)^```", SCALING.read_text(), re.MULTILINE | re.DOTALL)
    return yaml.safe_load(block)


def summed(fleet: Fleet, of: str = "packets") -> str:
    """The recorded sums, where they are what was sent of every protocol."""
    wanted = {
        protocol: sum(node.sent * (len(node.frame) if of == "bytes" else 1) for node in fleet.nodes if node.protocol == protocol)
        for protocol in PROTOCOLS
    }
    return " and on() ".join(
        f'(sum(job_protocol:xdpstat_{of}:last5m{{protocol="{protocol}"}}) == {count})' for protocol, count in wanted.items()
    )


def resident(prometheus: Prometheus) -> int:
    """Bytes of memory that only this process has."""
    (line,) = [line for line in Path(f"/proc/{prometheus.process.pid}/status").read_text().splitlines() if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024


def test_the_sums_over_a_fleet_are_what_was_sent(make_fleet, run, tmp_path):
    """A third of the exporters stop and start again meanwhile: their counters go on, and no sum goes back."""
    fleet = make_fleet(NODES)
    fleet.write_targets(tmp_path / "nodes")
    written = documented("remote_write")
    (remote,) = written["remote_write"]
    remote["url"] = re.sub(r"//[^:/]+:", "//127.0.0.1:", remote["url"])
    received = run(VictoriaMetrics, fleet.hub, tmp_path / "victoria")
    prometheus = run(Prometheus, fleet.hub, tmp_path / "prometheus", shard(0, 1, tmp_path / "nodes", **written))
    prometheus.wait(f'count(up{{job="xdpstat"}} == 1) == {NODES}', "all nodes are found and answer")

    begin = time.time()
    third = fleet.nodes[::3]
    with fleet.traffic():
        prometheus.wait(f"sum(job_protocol:xdpstat_packets:last5m) > {NODES * 50}", "the first of the traffic is summed")
        fleet.stop(third)
        prometheus.wait(f'count(up{{job="xdpstat"}} == 0) == {len(third)}', "a third is missed")
        # What the recorded sum is for: a plain one leaves out those that do not answer.
        prometheus.wait("sum(job_protocol:xdpstat_packets:last5m) > 1.1 * sum(xdpstat_packets_total)", "what a third had counted")
        before = fleet.sent()
        network.until(lambda: fleet.sent() > before + NODES * 100, "traffic that no exporter of theirs sees", timeout=60)
        fleet.start(third)
        prometheus.wait(f'count(up{{job="xdpstat"}} == 1) == {NODES}', "all are back")
    for node in fleet.nodes:
        network.until(lambda node=node: node.received() == node.sent, f"node {node.number} has received all")

    prometheus.wait(summed(fleet), f"a sum of {fleet.sent()} packets, and that of each protocol")
    prometheus.wait(summed(fleet, "bytes"), "the sums of bytes")
    sums = prometheus.values("sum(job_protocol:xdpstat_packets:last5m)", begin, time.time(), 1)
    assert len(sums) > 5 and sums == sorted(sums), f"a sum went back: {sums}"
    for node in fleet.nodes:
        series = f'sum(last_over_time(xdpstat_packets_total{{instance="{node.target}",cluster="test"}}[5m]))'
        assert prometheus.value(series) == node.sent, node.number
    # What was written on arrives too.
    received.wait(f"sum(xdpstat_packets_total) == {fleet.sent()}", "the sum in VictoriaMetrics")

    one = fleet.nodes[0].server
    text = one.get("/metrics").text
    figures = {
        "nodes": NODES,
        "series of xdpstat a node": sum(not line.startswith("#") for line in text.splitlines()),
        "bytes a scrape": len(text),
        "bytes a scrape, compressed": len(one.get("/metrics", Accept_Encoding="gzip").body),
        "series in Prometheus": len(prometheus.query('{__name__!=""}')),
        "bytes of Prometheus": resident(prometheus),
    }
    print("figures: " + json.dumps(figures))


def test_shards_and_the_server_above_them(make_fleet, run, tmp_path):
    fleet = make_fleet(8)
    fleet.write_targets(tmp_path / "nodes")
    shards = [run(Prometheus, fleet.hub, tmp_path / f"shard{i}", shard(i, 2, tmp_path / "nodes"), port=9090 + i) for i in range(2)]
    config = yaml.safe_load((DEPLOY / "fleet" / "global.yml").read_text())
    (where,) = config["scrape_configs"][0]["static_configs"]
    assert [target.partition(":")[0] for target in where["targets"]] == ["shard-0", "shard-1"]
    where["targets"] = [f"127.0.0.1:{one.port}" for one in shards]
    above = run(Prometheus, fleet.hub, tmp_path / "global", config, port=9099)

    network.until(lambda: sum(len(one.query('up{job="xdpstat"} == 1')) for one in shards) == 8, "all nodes are dealt", timeout=60)
    dealt = [{series["metric"]["instance"] for series in one.query("up")} for one in shards]
    assert not dealt[0] & dealt[1] and all(dealt), dealt
    with fleet.traffic():
        network.until(lambda: fleet.sent() > 500, "some traffic", timeout=60)
    above.wait(summed(fleet), "the sum over both shards")
    # Few series, whatever the number of nodes.
    names = {series["metric"]["__name__"] for series in above.query('{job="xdpstat"}')}
    assert names and all(name.startswith(("job:", "job_protocol:")) for name in names), names
