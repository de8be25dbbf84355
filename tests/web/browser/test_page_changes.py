# SPDX-License-Identifier: BSD-2-Clause
"""The page while the world changes: the server goes and comes, counters begin anew, interfaces fail, and are many."""

import contextlib
import shutil

import conftest
import modules
import network
import pytest
from test_page import FRAME

MANY = 50


def test_a_lost_connection_says_so_and_comes_back(page, send):
    link, server, browser = page
    send(link.sender, frame=FRAME, count=100)
    browser.until_counters({"udp_packets": 100})
    server.stop()
    browser.until("document.querySelector('#status').className === 'lost'")
    assert not browser.get("document.querySelector('#lost').hidden")
    assert "Connection lost" in browser.text("#lost")
    assert browser.get("document.title").startswith("connection lost")
    assert browser.counters()["udp_packets"] == 100, "the last numbers stay"
    assert browser("axe")["violations"] == []
    # Counting goes on without a server.
    send(link.sender, frame=FRAME, count=100)
    server.start()
    browser.until("document.querySelector('#status').className === 'live'")
    assert browser.get("document.querySelector('#lost').hidden")
    assert browser.get("document.title") == "xdpstat"
    browser.until_counters({"udp_packets": 200})


def test_a_try_at_once(page):
    _, server, browser = page
    server.stop()
    browser.until("document.querySelector('#status').className === 'lost'")
    server.start()
    # It may have come back by itself just before.
    with contextlib.suppress(AssertionError):
        browser.get("document.querySelector('#retry').click()")
    browser.until("document.querySelector('#status').className === 'live'")


def test_a_counter_that_begins_anew_is_no_spike(page, send, xdpstat, pin_root):
    link, _, browser = page
    name, netns = link.receiver.name, link.receiver.netns
    send(link.sender, frame=FRAME, count=100_000)
    browser.until("document.querySelector('#totals [data-counter=udp_packets]').textContent === '100,000'")
    xdpstat("detach", name, "--pin-root", pin_root, netns=netns)
    xdpstat("attach", name, "--pin-root", pin_root, netns=netns)
    browser.until("document.querySelector('#notice').textContent.includes('began anew')")
    browser.until_counters({"udp_packets": 0})
    # A negative rate, or one of 2^64, would be in the tables.
    browser("press", "v")
    browser.until("document.querySelector('#total-minutes table') !== null")
    cells = browser.get("[...document.querySelectorAll('.minutes td')].map((cell) => cell.textContent)")
    assert cells
    assert not [cell for cell in cells if cell.startswith("−") or any(unit in cell for unit in (" G", " T", " P", " E"))]


def test_behind_tls_and_a_password(make_link, attach, serve, make_browser, send, tmp_path):
    """The stream and the history are asked for with the password that the page was opened with."""
    for tool in ("openssl", "perl"):
        modules.need(shutil.which(tool) is not None, f"{tool}: make deps")
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    network.run("openssl", "req", "-x509", *words, "-keyout", tmp_path / "key", "-out", tmp_path / "certificate")
    password = network.run("perl", "-e", 'print crypt("secret", q($2b$04$abcdefghijklmnopqrstuu))').stdout
    (tmp_path / "web.yml").write_text(
        f"tls_server_config:\n  cert_file: certificate\n  key_file: key\nbasic_auth_users:\n  alice: '{password}'\n"
    )
    link = make_link(ipv6=False)
    attach(link.receiver)
    serve(link.receiver.netns, "--web.config.file", tmp_path / "web.yml")
    browser = make_browser(link.receiver.netns)
    origin = conftest.ORIGIN.replace("http:", "https:")
    with pytest.raises(AssertionError, match="ERR_INVALID_AUTH_CREDENTIALS"):
        browser.open(origin=origin)
    browser.open(origin=origin, user="alice", password="secret")
    send(link.sender, frame=FRAME, count=42)
    browser.until_counters({"udp_packets": 42})
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    assert browser("seen")["errors"] == []


def test_modes_and_failures_are_seen(make_link, attach, serve, make_browser, send):
    """One interface native, one generic, one named to the server and not attached: each says what it is."""
    native = make_link(ipv6=False)
    attach(native.receiver)
    netns = native.receiver.netns
    with further_links(netns, ["xsgen0", "xsnone0"]) as (generic, missing):
        attach(generic.receiver, "--mode", "generic")
        serve(netns, native.receiver.name, generic.receiver.name, missing.receiver.name)
        browser = make_browser(netns)
        browser.open()
        browser.until("document.querySelectorAll('#interfaces tr').length === 4")
        badges = dict(browser.get("[...document.querySelectorAll('#interfaces tr')].map((row) => [row.querySelector('a').textContent, row.querySelector('.badge').textContent])"))
        assert badges[native.receiver.name] == "" and badges["xsgen0"] == "generic" and badges["xsnone0"] == "failed"
        browser("click", "#interfaces a[href='#xsgen0']")
        browser.until("document.querySelector('#notice').textContent.includes('Generic mode')")
        assert "generic mode" in browser.text("#facts")
        assert browser("axe")["violations"] == []
        browser("click", "#interfaces a[href='#xsnone0']")
        browser.until("document.querySelector('#title').textContent === 'xsnone0'")
        assert browser.get("document.querySelector('#notice').className") == "bad"
        assert browser.text("#notice").strip()
        assert browser("axe")["violations"] == []
        # The kinds are filters.
        browser("click", "#kinds [data-kind=problem]")
        browser.until("document.querySelectorAll('#interfaces tr').length === 1")
        # The others go on.
        browser("click", "#kinds [data-kind=all]")
        browser("click", f"#interfaces a[href='#{native.receiver.name}']")
        send(native.sender, frame=FRAME, count=77)
        browser.until_counters({"udp_packets": 77})


@contextlib.contextmanager
def further_links(netns: str, names: list[str]):
    """More veth pairs, both ends in one namespace: the receivers with the names, the senders with a `t` after them."""
    links = []
    for name in names:
        ends = [network.Endpoint(netns, end, "", "", "") for end in (name, f"{name}t")]
        network.run(*network.inside(netns), "ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}t")
        for end in ends:
            network.run(*network.inside(netns), "sysctl", "-q", "-w", f"net.ipv6.conf.{end.name}.disable_ipv6=1")
            end.run("ip", "link", "set", end.name, "up")
        links.append(network.Link(*ends))
    yield links


def test_many_interfaces(make_namespace, attach, serve, make_browser, send):
    """All at a glance, found by typing, ordered by what they receive; one in full."""
    netns = make_namespace("many")
    names = [f"xsm{number}" for number in range(MANY)]
    with further_links(netns, names) as links:
        for link in links:
            attach(link.receiver)
        serve(netns)
        browser = make_browser(netns)
        browser.open()
        rows = "[...document.querySelectorAll('#interfaces a')].map((link) => link.textContent)"
        browser.until(f"{rows}.length === {MANY + 1}")
        # By name, as people count.
        assert browser.get(rows) == ["All interfaces", *names]

        sending = send.start(links[37].sender, frame=FRAME, count=50_000_000)
        browser("click", "#sort-rate")
        browser.until(f"{rows}[1] === 'xsm37'")
        sending.kill()
        assert browser.get("document.querySelector('[aria-sort]').textContent").startswith("bits/s")

        browser("press", "/")
        browser("type", "m4")
        browser.until(f"{rows}.length === 11")
        browser("press", "Escape")
        browser.until(f"{rows}.length === {MANY + 1}")

        browser("click", "#sort-name")
        browser.until(f"{rows}[1] === 'xsm0'")
        browser("click", "#interfaces a[href='#xsm37']")
        browser.until("document.querySelector('#title').textContent === 'xsm37'")
        stats = browser.snapshot()["xsm37"]["stats"]
        browser.until_counters(stats)
        browser("press", "j")
        browser.until("document.querySelector('#title').textContent === 'xsm38'")
        browser("press", "k")
        browser("press", "k")
        browser.until("document.querySelector('#title').textContent === 'xsm36'")
        browser("press", "a")
        browser.until("document.querySelector('#title').textContent === 'All interfaces'")
        # Its history is that of each second, and that of the parts is said to be coarse.
        rows = "fetch('api/v1/history?step=15&interface=xsm0').then(async (answer) => (await answer.json()).interfaces[0].time.length)"
        network.until(lambda: browser.get(rows) > 1, "the server has two coarse rows", timeout=40)
        browser("reload")
        browser.until("document.querySelector('#panels .coarse').checkVisibility()")
        assert browser.text("#panels .coarse").endswith("means of 15 s")
        browser.until("!document.querySelector('#total-coarse').checkVisibility()")
        assert len([url for url in browser("seen")["requests"] if "counters=total" in url]) >= 1
        # All together are the sum.
        browser.until_counters({"total_packets": sum(one["stats"]["total_packets"] for one in browser.snapshot().values())})
        assert browser("axe")["violations"] == []
        seen = browser("seen")
        assert seen["console"] == [] and seen["errors"] == []


def test_nothing_attached_says_so_and_what_to_do(make_namespace, serve, make_browser, xdpstat, pin_root):
    """On the first visit, while interfaces come, and when the last has gone."""
    netns = make_namespace("later")
    serve(netns)
    browser = make_browser(netns)
    browser.open()
    browser.until("document.querySelector('#title').textContent === 'Nothing is attached yet'")
    assert browser.text("#status-text") == "nothing attached" and browser.get("document.querySelector('#status').className") == "idle"
    assert "xdpstat attach IFACE" in browser.get("document.querySelector('#detail').innerText")
    shown = browser.get("document.body.innerText")
    assert "No interface matches" not in shown and "interfaces;" not in shown
    assert not browser.get("[...document.querySelectorAll('.panel:not(#nothing)')].some((panel) => panel.checkVisibility())")
    assert browser("axe")["violations"] == []
    with further_links(netns, ["xslate0", "xslate1"]) as links:
        xdpstat("attach", "xslate0", "--pin-root", pin_root, netns=netns)
        browser.until("document.querySelector('#title').textContent === 'xslate0'")
        assert browser.get("document.querySelector('#status').className") == "live"
        assert "sum" not in browser.text("#facts")
        assert not browser.get("document.querySelector('#nothing').checkVisibility()")
        xdpstat("attach", "xslate1", "--pin-root", pin_root, netns=netns)
        browser.until("document.querySelector('#title').textContent === 'All interfaces'")
        assert browser.text("#facts").startswith("the sum of 2 interfaces;")
        for link in links:
            xdpstat("detach", link.receiver.name, "--pin-root", pin_root, netns=netns)
        browser.until("document.querySelector('#title').textContent === 'Nothing is attached any more'")
        assert browser.text("#status-text") == "nothing attached"
    assert browser("seen")["errors"] == []


def test_the_only_interface_does_not_count(make_link, serve, make_browser, xdpstat, pin_root):
    """Named to the server: what is wrong stands on the page, whose light is not green."""
    link = make_link(ipv6=False)
    name, netns = link.receiver.name, link.receiver.netns
    serve(netns, name)
    browser = make_browser(netns)
    browser.open()
    browser.until("document.querySelector('#status-text').textContent === 'nothing is counted'")
    browser.until("document.querySelector('#notice').textContent.includes('nothing is attached to it')")
    assert browser.get("document.querySelector('#notice').className") == "bad"
    xdpstat("attach", name, "--pin-root", pin_root, netns=netns)
    browser.until("document.querySelector('#status').className === 'live' && document.querySelector('#notice').hidden")
    xdpstat("detach", name, "--pin-root", pin_root, netns=netns)
    browser.until("document.querySelector('#status-text').textContent === 'nothing is counted'")
    assert "nothing is attached to it" in browser.text("#notice")


def test_one_that_begins_anew_is_a_gap_in_the_sum(make_link, attach, serve, make_browser, send, xdpstat, pin_root):
    link = make_link(ipv6=False)
    netns = link.receiver.netns
    attach(link.receiver)
    with further_links(netns, ["xsquiet0"]) as (quiet,):
        attach(quiet.receiver)
        serve(netns)
        browser = make_browser(netns)
        browser.open()
        sending = send.start(link.sender, frame=FRAME, count=50_000_000)
        browser.until("document.querySelector('#title').textContent === 'All interfaces'")
        browser.until("parseFloat(document.querySelector('#now-packets').textContent) > 0")
        for verb in ("detach", "attach"):
            xdpstat(verb, link.receiver.name, "--pin-root", pin_root, netns=netns)
        browser.until("document.querySelector('#notice').textContent.includes('the sum has a gap there')")
        assert f"The counter of {link.receiver.name} began anew at " in browser.text("#notice")
        browser.until("parseFloat(document.querySelector('#now-packets').textContent) > 0")
        sending.kill()


def test_metrics_are_linked_where_they_are(make_namespace, serve, make_browser):
    netns = make_namespace("other")
    serve(netns, "--web.telemetry-path", "/foo/bar")
    browser = make_browser(netns)
    browser.open()
    browser.until("document.querySelector('#status').className === 'idle'")
    assert browser.get("document.querySelector('#metrics-link').hidden")
    browser("press", "?")
    browser.until("document.querySelector('#metrics-link').checkVisibility()")
    assert browser.text("#metrics-link") == "/foo/bar"
    links = browser.get("Promise.all([...document.querySelectorAll('#help a')].map(async ({ href }) => (await fetch(href)).status))")
    assert links == [200] * 3
    assert browser.get("fetch('favicon.ico').then(async (icon) => (await icon.text()).includes('<svg'))")
