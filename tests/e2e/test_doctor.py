# SPDX-License-Identifier: BSD-2-Clause
"""doctor: what it says of real machines and interfaces, and that attach then does what it foretold."""

import json
import os
import subprocess
from pathlib import Path

import network
import pytest

NOBODY = 65534


def examine(xdpstat, *arguments, netns=None) -> tuple[int, dict]:
    """The exit code and the report, which must agree."""
    result = xdpstat("doctor", *arguments, "--json", netns=netns, check=False)
    assert result.stderr == ""
    report = json.loads(result.stdout)
    assert report["schema"] == "xdpstat.doctor/1"
    failures = [entry for part in ("machine", "interface_findings") for entry in report.get(part, []) if entry["severity"] == "fail"]
    assert (result.returncode, report["can_attach"]) == ((8, False) if failures else (0, True))
    assert all(entry["to_do"] for entry in failures), "whatever is in the way has a way out"
    assert {"lockdown", "JIT"} <= {entry["what"] for entry in report["machine"]}, "read or not, they have a line"
    return result.returncode, report


def finding(findings: list[dict], what: str) -> dict:
    return next(entry for entry in findings if entry["what"] == what)


def attached_mode(end: network.Endpoint, attach) -> str:
    """The mode that attach really ends in."""
    attach(end)
    return "generic" if "xdpgeneric" in end.run("ip", "link", "show", "dev", end.name).stdout else "native"


@pytest.fixture
def occupy(make_link, pin_root, bpf_object):
    """occupy(end, "native") attaches a program that is not xdpstat's, and returns what the kernel says of it."""
    folder = pin_root.parent / "other"
    folder.mkdir()
    program = folder / "prog"
    undo = []

    def run(end: network.Endpoint, mode: str) -> dict:
        network.run("bpftool", "prog", "load", bpf_object, program, "type", "xdp")
        undo.append(lambda: program.unlink())
        kind = {"native": "xdpdrv", "generic": "xdpgeneric"}[mode]
        end.run("bpftool", "net", "attach", kind, "pinned", program, "dev", end.name)
        undo.append(lambda: end.run("bpftool", "net", "detach", kind, "dev", end.name))
        return json.loads(network.run("bpftool", "-j", "prog", "show", "pinned", program).stdout)

    yield run
    for step in reversed(undo):
        step()
    folder.rmdir()


def test_finds_this_machine_fit(xdpstat, pin_root):
    code, report = examine(xdpstat, "--pin-root", pin_root)
    assert code == 0
    assert finding(report["machine"], "kernel")["detail"].startswith(os.uname().release)
    assert "interface" not in report


@pytest.mark.parametrize("mtu", [1500, 9000])
def test_foretells_native_mode(mtu, make_link, attach, xdpstat, pin_root):
    end = make_link(mtu=mtu).receiver
    code, report = examine(xdpstat, end.name, "--pin-root", pin_root, netns=end.netns)
    assert code == 0
    mode = finding(report["interface_findings"], "mode")
    assert (mode["severity"], mode["detail"].split(":")[0]) == ("ok", "native")
    fits = "a frame fits in one buffer" if mtu == 1500 else "driver veth takes a frame in several buffers"
    assert finding(report["interface_findings"], "MTU")["detail"].startswith(f"{mtu}: {fits}")
    assert f"driver veth, MTU {mtu}, up" in finding(report["interface_findings"], "interface")["detail"]
    assert attached_mode(end, attach) == "native"


def test_foretells_generic_mode_on_loopback(make_namespace, attach, xdpstat, pin_root):
    end = network.Endpoint(make_namespace(), "lo", "", "127.0.0.1", "::1")
    code, report = examine(xdpstat, "lo", "--pin-root", pin_root, netns=end.netns)
    assert code == 0
    mode = finding(report["interface_findings"], "mode")
    assert (mode["severity"], mode["detail"].split(":")[0]) == ("warn", "generic")
    assert finding(report["interface_findings"], "MTU")["detail"] == "65536: generic mode takes any"
    assert attached_mode(end, attach) == "generic"


def test_foretells_generic_mode_where_queues_are_too_few(make_namespace, attach, xdpstat, pin_root):
    netns = make_namespace()
    network.run("ip", "link", "add", "few", "netns", netns, "numrxqueues", 1, "numtxqueues", 1,
                "type", "veth", "peer", "name", "many", "netns", netns, "numrxqueues", 2, "numtxqueues", 2)  # fmt: skip
    end = network.Endpoint(netns, "few", "", "", "")
    end.run("ip", "link", "set", "few", "up")
    _, report = examine(xdpstat, "few", "--pin-root", pin_root, netns=netns)
    mode = finding(report["interface_findings"], "mode")
    assert mode["detail"].startswith("generic: a veth takes native XDP only with a peer")
    assert not any(entry["what"] == "place" for entry in report["interface_findings"]), "its peer is not below it"
    assert attached_mode(end, attach) == "generic"


def test_warns_of_an_interface_that_is_down(link, xdpstat):
    end = link.receiver
    end.run("ip", "link", "set", end.name, "down")
    code, report = examine(xdpstat, end.name, netns=end.netns)
    assert code == 0
    assert finding(report["interface_findings"], "interface")["to_do"] == f"ip link set {end.name} up"


def test_names_the_near_interfaces(link, xdpstat):
    end = link.receiver
    code, report = examine(xdpstat, end.name + "x", netns=end.netns)
    assert code == 8
    assert end.name in finding(report["interface_findings"], "interface")["to_do"]


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_names_another_program(mode, link, occupy, xdpstat, pin_root):
    end = link.receiver
    program = occupy(end, mode)
    code, report = examine(xdpstat, end.name, "--pin-root", pin_root, netns=end.netns)
    assert code == 8
    said = finding(report["interface_findings"], "XDP program")
    assert said["severity"] == "fail"
    for word in (f"id {program['id']}", program["tag"], "'xdp_counter'", f"{mode} mode", "another program"):
        assert word in said["detail"]
    assert xdpstat("attach", end.name, "--pin-root", pin_root, netns=end.netns, check=False).returncode == 5


def test_knows_its_own_counter(link, attach, xdpstat, pin_root):
    end = link.receiver
    xdpstat("attach", end.name, "--mode", "generic", "--pin-root", pin_root, netns=end.netns)
    code, report = examine(xdpstat, end.name, "--pin-root", pin_root, netns=end.netns)
    assert code == 0
    assert "the counter is attached" in finding(report["interface_findings"], "XDP program")["detail"]
    assert "though native is possible" in finding(report["interface_findings"], "mode")["detail"]
    assert finding(report["interface_findings"], "MTU")["detail"].startswith("1500: a frame fits in one buffer")
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)
    attach(end, "--mode", "native")
    _, report = examine(xdpstat, end.name, "--pin-root", pin_root, netns=end.netns)
    assert finding(report["interface_findings"], "MTU")["detail"] == "1500, with which it is attached in native mode"


def test_warns_of_leftover_pins(link, xdpstat, pin_root):
    end = link.receiver
    xdpstat("attach", end.name, "--pin-root", pin_root, netns=end.netns)
    end.run("ip", "link", "delete", end.name)
    code, report = examine(xdpstat, "--pin-root", pin_root, netns=end.netns)
    assert code == 0
    pins = finding(report["machine"], "pins")
    assert pins["severity"] == "warn"
    assert str(pin_root / end.name) in pins["detail"]
    assert pins["to_do"] == f"xdpstat detach {end.name}"
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)
    assert not any(entry["what"] == "pins" for entry in examine(xdpstat, "--pin-root", pin_root)[1]["machine"])


def test_works_without_privileges(xdpstat):
    """The build may lie where nobody else may go, so the binary comes as an open file."""
    with open(xdpstat.binary, "rb") as binary:
        result = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all",
             f"/proc/self/fd/{binary.fileno()}", "doctor", "lo", "--json"],
            pass_fds=[binary.fileno()], capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    assert result.returncode == 8, result.stderr
    report = json.loads(result.stdout)
    capabilities = finding(report["machine"], "capabilities")
    assert (capabilities["severity"], capabilities["to_do"]) == ("fail", "run as root: sudo xdpstat ...")
    assert "CAP_BPF, CAP_NET_ADMIN" in capabilities["detail"]
    assert finding(report["interface_findings"], "mode")["detail"].startswith("generic")


def examine_settings(xdpstat, prepare: str, *, as_nobody=False) -> tuple[dict, dict]:
    """What is found of lockdown and the JIT in a mount namespace that a shell line prepares."""
    drop = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all" if as_nobody else ""
    with open(xdpstat.binary, "rb") as binary:
        result = subprocess.run(
            ["unshare", "--mount", "sh", "-ec", f'{prepare}\nexec {drop} "$0" doctor --json', f"/proc/self/fd/{binary.fileno()}"],
            pass_fds=[binary.fileno()], capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    assert result.returncode in (0, 8), result.stderr
    machine = json.loads(result.stdout)["machine"]
    return finding(machine, "lockdown"), finding(machine, "JIT")


SECURITYFS = "mount -t securityfs securityfs /sys/kernel/security"


def test_reads_lockdown_and_the_jit(xdpstat):
    script = f"{SECURITYFS}; cat /sys/kernel/security/lockdown"
    shown = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=30)
    lockdown, jit = examine_settings(xdpstat, SECURITYFS)
    if shown.returncode == 0:
        word = shown.stdout.partition("[")[2].partition("]")[0]
        assert lockdown["detail"].startswith(word + (":" if word == "confidentiality" else ", which lets"))
    else:
        assert "No such file" in shown.stderr, shown.stderr
        assert (lockdown["severity"], lockdown["detail"]) == ("ok", "the kernel has none")
    enabled = Path("/proc/sys/net/core/bpf_jit_enable")
    if not enabled.exists():
        assert (jit["severity"], jit["detail"].split(":")[0]) == ("warn", "the kernel has none")
    elif enabled.read_text().strip() == "0":
        assert jit["severity"] == "warn"
    else:
        assert (jit["severity"], jit["detail"]) == ("ok", "on")


def test_says_what_this_user_cannot_read(xdpstat):
    """Files in the place of the kernel's, that are root's alone."""
    closed = """
        mount -t tmpfs none /sys/kernel/security
        echo '[none] integrity confidentiality' > /sys/kernel/security/lockdown
        echo 1 > /sys/kernel/security/jit
        chmod 600 /sys/kernel/security/*
        mount --bind /sys/kernel/security/jit /proc/sys/net/core/bpf_jit_enable"""
    lockdown, jit = examine_settings(xdpstat, closed)
    assert (lockdown["detail"], jit["detail"]) == ("none, which lets XDP programs load", "on")
    for entry, file in zip(
        examine_settings(xdpstat, closed, as_nobody=True),
        ("/sys/kernel/security/lockdown", "/proc/sys/net/core/bpf_jit_enable"),
        strict=True,
    ):
        assert (entry["severity"], entry["detail"]) == ("info", f"{file} cannot be read by this user")
        assert entry["to_do"] == "run as root: sudo xdpstat doctor"


def test_says_what_shows_elsewhere(make_namespace, xdpstat):
    _, report = examine(xdpstat, netns=make_namespace())
    assert "first network namespace" in finding(report["machine"], "JIT")["detail"]
    lockdown, _ = examine_settings(xdpstat, "mount -t tmpfs none /sys/kernel/security")
    assert (lockdown["severity"], lockdown["to_do"]) == ("info", f"as root: {SECURITYFS}")


def test_offers_to_mount_a_bpf_file_system(xdpstat):
    script = 'while mountpoint -q /sys/fs/bpf; do umount /sys/fs/bpf || exit 1; done; exec "$0" doctor --json'
    result = subprocess.run(["unshare", "--mount", "sh", "-c", script, xdpstat.binary], capture_output=True, text=True, timeout=30)
    assert result.returncode == 8, result.stderr
    assert "--mount-bpffs" in finding(json.loads(result.stdout)["machine"], "bpffs")["to_do"]


def test_knows_a_user_namespace(xdpstat):
    """Root in a user namespace is root of nothing that BPF asks for."""
    result = subprocess.run(["unshare", "--user", "--map-root-user", xdpstat.binary, "doctor", "--json"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 8, result.stderr
    assert "user namespace" in finding(json.loads(result.stdout)["machine"], "capabilities")["detail"]


def test_text_is_for_people(link, xdpstat):
    end = link.receiver
    out = xdpstat("doctor", end.name, netns=end.netns).stdout
    assert "\033" not in out, "no colours in a pipe"
    assert all(len(line) <= 80 for line in out.splitlines())
    assert out.splitlines()[-1].startswith(f"nothing stands in the way of attaching to {end.name}")
