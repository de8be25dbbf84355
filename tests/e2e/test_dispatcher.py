# SPDX-License-Identifier: BSD-2-Clause
"""attach --dispatcher as far as any kernel can: what it takes, what it refuses. tests/vm has the rest, on kernels that let
one program take the place of another's function."""

import os


def test_is_undone_whole_where_the_kernel_refuses_it(xdpstat, link, pin_root):
    result = xdpstat("attach", link.receiver.name, "--dispatcher", "--pin-root", pin_root, check=False, netns=link.receiver.netns)
    if result.returncode == 0:
        status = xdpstat.json("status", "--json", "--pin-root", pin_root, netns=link.receiver.netns)
        assert status["interfaces"][0]["dispatcher"]["position"] == 0
        xdpstat("detach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)
    else:
        assert result.returncode == 7
        assert "freplace" in result.stderr and "without --dispatcher" in result.stderr
        assert not pin_root.exists()
    xdpstat("attach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)
    xdpstat("detach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)


def test_blames_the_variable_that_forbids_it(xdpstat, link, pin_root):
    result = xdpstat("attach", link.receiver.name, "--dispatcher", "--pin-root", pin_root, check=False, netns=link.receiver.netns,
                     env={**os.environ, "LIBXDP_SKIP_DISPATCHER": "1"})
    assert result.returncode == 7
    assert "LIBXDP_SKIP_DISPATCHER is set" in result.stderr
    assert not pin_root.exists()


def test_its_options_stand_only_with_it(xdpstat, link):
    for options in (["--priority", "5"], ["--chain-call-actions", "pass"]):
        result = xdpstat("attach", link.receiver.name, *options, check=False)
        assert result.returncode == 2
        assert "--dispatcher" in result.stderr


def test_knows_the_actions(xdpstat, link):
    result = xdpstat("attach", link.receiver.name, "--dispatcher", "--chain-call-actions", "pass,fall", check=False)
    assert result.returncode == 2
    assert "'fall' is none of aborted,drop,pass,tx,redirect" in result.stderr


def test_is_not_for_what_ends_with_its_process(xdpstat, link):
    assert xdpstat("run", link.receiver.name, "--dispatcher", check=False).returncode == 2
    assert xdpstat("serve", link.receiver.name, "--attach", "--dispatcher", check=False).returncode == 2
