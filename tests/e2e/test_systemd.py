# SPDX-License-Identifier: BSD-2-Clause
"""The systemd units, installed as `make install` does and run by a real systemd in namespaces of its own."""

import json
import os
import re
import subprocess
from pathlib import Path

import network
import pytest
import systemd_host
from conftest import need

UNITS = ["xdpstat.service", "xdpstat-attach@.service", "xdpstat.socket"]
MOST_EXPOSURE = 2.0
README = Path(__file__).resolve().parents[2] / "deploy" / "README.md"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` puts below /usr/local."""
    staging = tmp_path_factory.mktemp("staging")
    command = ["cmake", "--install", os.environ["XDPSTAT_BUILD"], "--prefix", "/usr/local", "--component", "xdpstat"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "DESTDIR": str(staging)})
    return staging / "usr" / "local"


@pytest.fixture
def host(link, installed):
    """A systemd in the namespace of the link's receiver."""
    need(not systemd_host.missing(), systemd_host.missing())
    with systemd_host.host(link.receiver.netns, installed) as machine:
        yield machine


def is_pinned(host, interface: str) -> bool:
    return host.run("test", "-e", f"/sys/fs/bpf/xdpstat/{interface}", check=False).returncode == 0


def answer(host, path: str = "/metrics") -> str:
    return host.run("curl", "--silent", "--show-error", "--fail", "--max-time", "10", f"http://127.0.0.1:10435{path}").stdout


def test_units_are_installed(installed):
    assert sorted(path.name for path in (installed / "lib/systemd/system").iterdir()) == sorted(UNITS)


def test_verify_is_silent(host):
    for unit in UNITS:
        name = unit.replace("@", "@eth0")
        outcome = host.run("systemd-analyze", "verify", "--man=yes", name, check=False)
        assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", ["xdpstat.service", "xdpstat-attach@eth0.service"])
def test_little_is_exposed(host, unit):
    rows = json.loads(host.run("systemd-analyze", "security", "--json=short", unit).stdout)
    assert rows
    outcome = host.run("systemd-analyze", "security", f"--threshold={MOST_EXPOSURE * 10:.0f}", "--no-pager", unit, check=False)
    print(outcome.stdout.splitlines()[-1])
    assert outcome.returncode == 0, outcome.stdout


def test_attach_serve_upgrade_and_stop(host, link):
    name = link.receiver.name
    unit = f"xdpstat-attach@{name}.service"
    host.systemctl("start", unit, "xdpstat.service", timeout=100)
    assert link.receiver.state()["xdp"]["mode"] == 1  # native
    link.sender.run("ping", "-c", "3", "-i", "0.01", link.receiver.ipv4)

    text = answer(host)
    assert f'xdpstat_up{{device="{name}"}} 1' in text
    counted = [line for line in text.splitlines() if line.startswith(f'xdpstat_packets_total{{device="{name}",ip_version="4",protocol="icmp"}}')]
    assert int(counted[0].split()[-1]) >= 3

    # The reload after an upgrade keeps the counter and its counts; a restarted exporter finds them.
    before = link.receiver.state()["xdp"]["prog"]["id"]
    host.systemctl("reload", unit)
    assert link.receiver.state()["xdp"]["prog"]["id"] == before, "the same program stays"
    host.systemctl("restart", "xdpstat.service")
    assert int([line for line in answer(host).splitlines() if line.startswith(counted[0].rsplit(" ", 1)[0])][0].split()[-1]) >= 3

    # Stopped, the exporter leaves the counter attached; the other unit takes it off.
    host.systemctl("stop", "xdpstat.service")
    assert "xdp" in link.receiver.state()
    assert is_pinned(host, name)
    host.systemctl("stop", unit)
    assert "xdp" not in link.receiver.state()
    assert not is_pinned(host, name)
    assert host.property(unit, "Result") == host.property("xdpstat.service", "Result") == "success"


def test_the_exporter_runs_as_nobody_in_particular(host, link):
    unit = f"xdpstat-attach@{link.receiver.name}.service"
    host.systemctl("start", unit, "xdpstat.service", timeout=100)
    status = host.run("cat", f"/proc/{host.property('xdpstat.service', 'MainPID')}/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    host.systemctl("stop", unit)


def test_reload_and_a_process_that_dies(host, link):
    unit = f"xdpstat-attach@{link.receiver.name}.service"
    host.systemctl("start", unit, "xdpstat.service", timeout=100)
    host.systemctl("reload", "xdpstat.service")
    first = host.property("xdpstat.service", "MainPID")
    host.run("kill", "-KILL", first)
    network.until(lambda: host.property("xdpstat.service", "MainPID") not in ("0", first), "a new process", timeout=30)
    network.until(lambda: host.property("xdpstat.service", "ActiveState") == "active", "the service to be ready", timeout=30)
    assert f'xdpstat_up{{device="{link.receiver.name}"}} 1' in answer(host)
    host.systemctl("stop", unit)


def test_systemd_listens_for_it(host, link):
    unit = f"xdpstat-attach@{link.receiver.name}.service"
    host.systemctl("start", unit, "xdpstat.socket", timeout=100)
    assert host.property("xdpstat.service", "ActiveState") == "inactive"
    assert "xdpstat_build_info" in answer(host)
    assert host.property("xdpstat.service", "ActiveState") == "active"
    host.systemctl("stop", "xdpstat.service", "xdpstat.socket", unit)


def test_the_counter_follows_its_interface(host, link):
    """Enabled before its interface exists, the unit attaches as soon as udev has seen it, and ends with it."""
    host.systemctl("enable", "xdpstat-attach@late0.service")
    host.run("ip", "link", "add", "late0", "type", "veth", "peer", "name", "late1")
    active = lambda: host.property("xdpstat-attach@late0.service", "ActiveState")  # noqa: E731
    network.until(lambda: active() == "active", "the unit to start", timeout=30)
    host.run("ip", "link", "delete", "late0")
    network.until(lambda: active() == "inactive", "the unit to stop", timeout=30)
    assert not is_pinned(host, "late0")


def test_an_interface_with_a_dash_in_its_name(host):
    """The unit is called as deploy/README.md says."""
    command = re.search(r'"\$\((systemd-escape --template=xdpstat-attach@\.service br-lan)\)"', README.read_text())[1]
    unit = host.run(*command.split()).stdout.strip()
    assert unit == r"xdpstat-attach@br\x2dlan.service"
    host.run("ip", "link", "add", "br-lan", "type", "veth", "peer", "name", "peer0")
    host.systemctl("start", unit, timeout=100)
    assert is_pinned(host, "br-lan")
    host.systemctl("stop", unit)
    assert not is_pinned(host, "br-lan")
    host.run("ip", "link", "delete", "br-lan")


def test_options_name_interfaces_and_a_local_socket(host, link):
    """As deploy/README.md says: what is named is reported where nothing is attached to it, after a detach too."""
    name = link.receiver.name
    options = f"--web.listen-address=unix:/run/xdpstat/serve.sock {name}"
    host.run("sh", "-c", f"echo 'XDPSTAT_SERVE_OPTIONS=\"{options}\"' >/etc/default/xdpstat")
    host.systemctl("start", "xdpstat.service", timeout=100)
    ask = ["curl", "--silent", "--show-error", "--fail", "--unix-socket", "/run/xdpstat/serve.sock", "http://localhost/metrics"]
    assert f'xdpstat_up{{device="{name}"}} 0' in host.run(*ask).stdout
    unit = f"xdpstat-attach@{name}.service"
    host.systemctl("start", unit, timeout=100)
    assert f'xdpstat_up{{device="{name}"}} 1' in host.run(*ask).stdout
    host.systemctl("stop", unit)
    assert f'xdpstat_up{{device="{name}"}} 0' in host.run(*ask).stdout
    host.systemctl("stop", "xdpstat.service")
    assert host.run("test", "-e", "/run/xdpstat", check=False).returncode != 0
