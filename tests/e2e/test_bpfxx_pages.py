# SPDX-License-Identifier: BSD-2-Clause
"""The pages on bpfxx: their programs compile without a warning, run, and print what the pages show."""

import signal
import subprocess

import network
import pytest
from pages import ROOT, Page, build_skeleton, check_outputs, compiled, follow, installed

TUTORIAL = Page("bpfxx/tutorial.md")


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> dict[str, str]:
    """The environment of a machine on which bpfxx is installed."""
    return installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    return tmp_path_factory.mktemp("tutorial")


def test_tutorial_does_what_it_says(tutorial, outside):
    try:
        follow(TUTORIAL, tutorial, outside)
    finally:  # what the page itself removes, where it came so far
        network.run("rm", "-rf", "/sys/fs/bpf/tutorial", "/sys/fs/bpf/tutorial_program")


def test_daemon_ends_by_a_signal_and_says_what_is_wrong(tutorial, outside, link):
    """On an interface with a driver that knows XDP; the link takes the program away with it."""
    TUTORIAL.write(tutorial)
    build_skeleton(tutorial, "protocols.bpf.c")
    daemon = compiled(tutorial, "protocold.cpp")
    running = subprocess.Popen([*network.inside(link.receiver.netns), daemon, link.receiver.name], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline().endswith(" in a millisecond\n")  # attached, in the native mode: no word of another
    assert link.receiver.state()["xdp"]["mode"] == 1
    for signal_number in (signal.SIGSTOP, signal.SIGCONT):  # an interruption that is no end
        running.send_signal(signal_number)
    assert running.stdout.readline().endswith(" in a millisecond\n")
    running.send_signal(signal.SIGTERM)
    said, _ = running.communicate(timeout=10)
    assert running.returncode == 0 and " % of a CPU\n" in said
    assert "xdp" not in link.receiver.state()
    refused = subprocess.run([daemon, "nowhere0"], capture_output=True, text=True)
    assert refused.returncode == 1 and refused.stderr.startswith("cannot find interface nowhere0: ")


RECIPES = sorted(path.name for path in (ROOT / "docs/bpfxx/cookbook").glob("*.md") if path.name != "README.md")
COOKBOOK = Page("bpfxx/cookbook/README.md")


def test_cookbook_lists_every_page():
    text = (ROOT / "docs/bpfxx/cookbook/README.md").read_text()
    assert [name for name in RECIPES if f"]({name})" not in text] == [] and len(RECIPES) >= 11


@pytest.mark.parametrize("name", RECIPES)
def test_cookbook(name, tmp_path):
    COOKBOOK.write(tmp_path)
    page = Page(f"bpfxx/cookbook/{name}")
    assert page.unnamed() == []
    check_outputs(page, tmp_path)
