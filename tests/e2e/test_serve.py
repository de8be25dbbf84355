# SPDX-License-Identifier: BSD-2-Clause
"""The exporter tells what was sent, whatever happens to interfaces and to itself."""

import shutil
import signal
import subprocess

import network
import pytest
from conftest import need
from serving import Server, sum_of
from test_counts import frame

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def start_server(xdpstat, pin_root):
    """start_server(end.name, "--attach", netns=...) returns a Server that listens."""
    servers = []

    def start(*words, netns, addresses=("127.0.0.1:0",), program=xdpstat, **options) -> Server:
        listen = [word for address in addresses for word in ("--web.listen-address", address)]
        process = program.start("serve", *words, "--pin-root", pin_root, *listen, netns=netns, **options)
        server = Server(process, netns)
        servers.append(server)
        server.wait_until_it_listens(len(addresses))
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture
def counter(make_link, xdpstat, pin_root):
    """counter(options) is an attached receiver of a fresh link; all are detached at the end."""
    links = []

    def make(*options, **link_options) -> network.Link:
        link = make_link(ipv6=False, **link_options)
        xdpstat("attach", link.receiver.name, "--pin-root", pin_root, *options, netns=link.receiver.netns)
        links.append(link)
        return link

    yield make
    for link in links:
        xdpstat("detach", "--all", "--pin-root", pin_root, netns=link.receiver.netns)


def packets(server: Server, device: str, **labels) -> int:
    return sum_of(server.metrics(), "xdpstat_packets_total", device=device, **labels)


def test_metrics_are_what_was_sent_and_what_show_says(counter, start_server, xdpstat, send, pin_root):
    link = counter()
    end = link.receiver
    server = start_server(netns=end.netns)
    before = server.metrics()
    assert before[f'xdpstat_packets_total{{device="{end.name}",ip_version="4",protocol="udp"}}'] == 0
    send(link.sender, frame=frame(link, 17, 100), count=5000)
    send(link.sender, frame=frame(link, 6, 1400), count=3000)
    network.settled(end)

    samples = server.metrics()
    assert samples[f'xdpstat_packets_total{{device="{end.name}",ip_version="4",protocol="udp"}}'] == 5000
    assert samples[f'xdpstat_bytes_total{{device="{end.name}",ip_version="4",protocol="tcp"}}'] == 3000 * 1400
    assert sum_of(samples, "xdpstat_packets_total", device=end.name) == 8000
    assert samples[f'xdpstat_packet_size_bytes_bucket{{device="{end.name}",le="127"}}'] == 5000
    assert samples[f'xdpstat_packet_size_bytes_bucket{{device="{end.name}",le="1518"}}'] == 8000
    assert samples[f'xdpstat_packet_size_bytes_sum{{device="{end.name}"}}'] == 5000 * 100 + 3000 * 1400

    shown = xdpstat.json("show", "--json", "--pin-root", pin_root, netns=end.netns)["interfaces"][0]
    served = server.get("/api/v1/snapshot").json()["interfaces"][0]
    assert {**served, "taken": None} == {**shown, "taken": None}
    assert shown["stats"]["total_packets"] == 8000
    for version, networks in (("4", ["ipv4", "ipv4_fragment"]), ("6", ["ipv6", "ipv6_fragment"])):
        for transport in shown["traffic"]["by_transport"]:
            cells = [cell for cell in shown["traffic"]["cells"] if cell["network"] in networks and cell["transport"] == transport]
            for name, field in (("xdpstat_packets_total", "packets"), ("xdpstat_bytes_total", "bytes")):
                series = f'{name}{{device="{end.name}",ip_version="{version}",protocol="{transport}"}}'
                assert samples[series] == sum(cell[field] for cell in cells)
    info = next(series for series in samples if series.startswith("xdpstat_attach_info"))
    assert f'mode="{shown["mode"]}",program_tag="{shown["program_tag"]}",layout="percpu"' in info
    assert server.stop() == 0


@pytest.mark.parametrize("options", [[], ["--no-breakdown"], ["--drop-zero"]])
def test_metrics_pass_the_checks_of_prometheus(counter, start_server, send, options):
    need(shutil.which("promtool") is not None, "promtool: make deps")
    parser = pytest.importorskip("prometheus_client.openmetrics.parser") if shutil.which("promtool") else None
    link = counter(*[option for option in options if option == "--no-breakdown"])
    server = start_server("--program-stats", *[option for option in options if option == "--drop-zero"], netns=link.receiver.netns)
    send(link.sender, frame=frame(link, 17, 100), count=10)
    network.settled(link.receiver)
    text = server.get("/metrics")
    assert text.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    checked = subprocess.run(["promtool", "check", "metrics"], input=text.text, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")

    answer = server.get("/metrics", Accept=OPENMETRICS)
    assert answer.fields["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = {family.name: family for family in parser.text_string_to_metric_families(answer.text)}
    assert families["xdpstat_packets"].type == "counter" and families["xdpstat_packets"].unit == "packets"
    assert families["xdpstat_attach"].type == "info"
    assert sum(sample.value for sample in families["xdpstat_packets"].samples) == 10
    assert families["xdpstat_program_runs"].samples[0].value == 10
    assert families["xdpstat_program_run_seconds"].samples[0].value > 0


def test_a_failed_interface_does_not_take_the_others_with_it(counter, start_server, xdpstat, send, pin_root, make_namespace):
    first = counter()
    netns = first.receiver.netns
    server = start_server(first.receiver.name, "absent0", netns=netns)
    assert any("absent0" in line and "xdpstat_up is 0" in line for line in server.lines)
    samples = server.metrics()
    assert samples[f'xdpstat_up{{device="{first.receiver.name}"}}'] == 1
    assert samples['xdpstat_up{device="absent0"}'] == 0
    assert not any("absent0" in series and not series.startswith("xdpstat_up") for series in samples)
    problems = server.get("/api/v1/snapshot").json()["problems"]
    assert [problem["interface"] for problem in problems] == ["absent0"] and problems[0]["problem"]
    # It comes, and counts from then on; then the other one is detached by force.
    network.run("ip", "link", "add", "absent0", "netns", netns, "type", "veth", "peer", "name", "xspeer0", "netns", netns)
    xdpstat("attach", "absent0", "--pin-root", pin_root, netns=netns)
    assert server.metrics()['xdpstat_up{device="absent0"}'] == 1
    network.run("bpftool", "link", "detach", "pinned", pin_root / first.receiver.name / "link")
    network.until(lambda: server.metrics()[f'xdpstat_up{{device="{first.receiver.name}"}}'] == 0, "it is seen that it counts no more")
    samples = server.metrics()
    assert samples['xdpstat_up{device="absent0"}'] == 1
    assert sum_of(samples, "xdpstat_packets_total", device=first.receiver.name) == 0
    detached = {"interface": first.receiver.name, "problem": "its counter is detached"}
    assert server.get("/api/v1/snapshot").json()["problems"] == [detached]
    network.run(*network.inside(netns), "ip", "link", "delete", "absent0")
    assert server.metrics()['xdpstat_up{device="absent0"}'] == 0
    gone = {"interface": "absent0", "problem": "its counter is detached: no interface has its name now"}
    assert server.get("/api/v1/snapshot").json()["problems"] == [gone, detached]
    assert server.get("/readyz").status == 503


def test_what_is_attached_detached_and_renamed_is_seen_at_once(make_link, start_server, xdpstat, pin_root):
    end = make_link(ipv6=False).receiver
    server = start_server(netns=end.netns)
    assert not any("device=" in series for series in server.metrics())
    for _ in range(3):
        xdpstat("attach", end.name, "--pin-root", pin_root, netns=end.netns)
        assert server.metrics()[f'xdpstat_up{{device="{end.name}"}}'] == 1
        xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)
        assert not any("device=" in series for series in server.metrics())
    xdpstat("attach", end.name, "--pin-root", pin_root, netns=end.netns)
    end.run("ip", "link", "set", end.name, "down")
    end.run("ip", "link", "set", end.name, "name", "renamed0")
    assert server.metrics()['xdpstat_up{device="renamed0"}'] == 1
    xdpstat("detach", "renamed0", "--pin-root", pin_root, netns=end.netns)


def test_attach_counts_on_when_the_server_is_gone(make_link, start_server, xdpstat, send, pin_root):
    link = make_link(ipv6=False)
    end = link.receiver
    server = start_server(end.name, "--attach", "--mode", "generic", netns=end.netns)
    send(link.sender, frame=frame(link, 1, 98), count=100)
    network.settled(end)
    assert packets(server, end.name, protocol="icmp") == 100
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    send(link.sender, frame=frame(link, 1, 98), count=100)
    network.settled(end)
    server = start_server(end.name, "--attach", "--mode", "generic", netns=end.netns)
    assert packets(server, end.name, protocol="icmp") == 200, "what came while no server ran was counted"
    # A hand detaches it; a reload attaches it again.
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)
    assert server.metrics()[f'xdpstat_up{{device="{end.name}"}}'] == 0
    server.process.send_signal(signal.SIGHUP)
    network.until(lambda: server.metrics()[f'xdpstat_up{{device="{end.name}"}}'] == 1, "it is attached again")
    assert server.stop(signal.SIGINT) == 0
    assert xdpstat.json("status", "--json", "--pin-root", pin_root, netns=end.netns)["interfaces"][0]["mode"] == "generic"
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)


def test_two_servers_say_the_same(counter, start_server, send):
    link = counter("--layout", "shared")
    end = link.receiver
    one, two = (start_server(netns=end.netns) for _ in range(2))
    send(link.sender, frame=frame(link, 47, 200), count=1234)
    network.settled(end)
    about_the_device = [{series: value for series, value in server.metrics().items() if "device=" in series} for server in (one, two)]
    assert about_the_device[0] == about_the_device[1]
    assert packets(one, end.name, protocol="gre") == 1234
    assert one.stop() == 0
    assert packets(two, end.name, protocol="gre") == 1234


def test_scrapes_while_interfaces_come_and_go(counter, start_server, xdpstat, pin_root):
    link = counter()
    end = link.receiver
    server = start_server(netns=end.netns)
    other = link.receiver
    end.run("ip", "link", "add", "xsextra", "type", "veth", "peer", "name", "xsextrapeer")
    with server.client() as client:
        for _ in range(5):
            for command in ("attach", "detach"):
                running = xdpstat.start(command, "xsextra", "--pin-root", pin_root, netns=end.netns)
                while running.poll() is None:
                    answer = client.ask("/metrics")
                    assert answer.status == 200
                    assert f'xdpstat_up{{device="{other.name}"}} 1' in answer.text
                assert running.returncode == 0
    assert server.process.poll() is None
