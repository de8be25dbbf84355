# SPDX-License-Identifier: BSD-2-Clause
"""The page as a person has it: the numbers are right, and all that can be set, paused and typed works."""

import json
import re
import subprocess

import conftest
import network
import pytest

FRAME = bytes.fromhex("020000000101" "020000000102" "0800") + bytes.fromhex(
    "4500002e000000004011" "0000" "0a4d0002" "0a4d0001" "9c400009001a0000"
) + bytes(18)  # fmt: skip
BEYOND = 2**53 + 1
# What the first paint may cost: before it the numbers are not there, after it come the charts.
FIRST_PAINT = 100_000


def rate(browser, unit: str) -> float:
    number, name = browser.text(f"#now-{unit}"), browser.text(f"#now-{unit}-unit")
    if number == "–":
        return float("nan")
    prefix = name.split("packets")[0].split("bit")[0].strip()
    return float(number) * 1000 ** ["", "k", "M", "G", "T"].index(prefix)


def until_dark(browser, dark: bool) -> None:
    """Waits until the ground is dark, or light."""
    brightest = "Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3))"
    browser.until(f"{brightest} < 60" if dark else f"{brightest} > 200")


def test_loads_under_its_policy(page):
    """Under a policy without exceptions, without a word on the console, and from nowhere else."""
    _, _, browser = page
    answer = browser.open("/")
    browser.until("document.querySelector('#status').className === 'live'")
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    assert answer["status"] == 200
    policy = answer["headers"]["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    seen = browser("seen")
    assert seen["console"] == [] and seen["errors"] == [] and seen["failed"] == []
    assert {url[: len(conftest.ORIGIN)] for url in seen["requests"]} == {conftest.ORIGIN}


def test_first_paint_is_small(page, record_property, capsys):
    _, _, browser = page
    browser.open("/")
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    browser.until("performance.getEntriesByName('first-contentful-paint').length === 1")
    sizes = browser("sizes")
    names = {"page": "/", "style": "/style.css", "theme": "/theme.js", "script": "/app.js", "charts": "/charts.js"}
    by_name = {name: sizes[conftest.ORIGIN + path] for name, path in names.items()}
    first = {kind: sum(by_name[name][kind] for name in ("page", "style", "theme", "script")) for kind in ("transferred", "body")}
    whole = {kind: first[kind] + by_name["charts"][kind] for kind in first}
    with capsys.disabled():
        print(f"\nfirst paint: {first['transferred']} bytes transferred, {first['body']} uncompressed; "
              f"with the charts {whole['transferred']} and {whole['body']}")  # fmt: skip
    record_property("first_paint_transferred", first["transferred"])
    assert 0 < first["transferred"] < first["body"] < FIRST_PAINT
    assert whole["transferred"] < FIRST_PAINT


def test_counters_are_those_of_the_json(page, send):
    link, _, browser = page
    send(link.sender, frame=FRAME, count=12345)
    network.settled(link.receiver)
    stats = browser.snapshot()[link.receiver.name]["stats"]
    assert stats["udp_packets"] == 12345
    browser.until_counters({"udp_packets": 12345, **stats})


def test_rates_rise_and_fall(page, send):
    link, _, browser = page
    assert rate(browser, "packets") == 0 or browser.text("#now-packets") == "–"
    sending = send.start(link.sender, frame=FRAME, count=50_000_000)
    browser.until("parseFloat(document.querySelector('#now-packets').textContent) > 0")
    assert rate(browser, "packets") > 1000
    # Frames of this test are of one size, so bits follow packets. Numbers are read one after the other.
    assert browser.text("#now-mean") == str(len(FRAME))
    browser.until("document.querySelector('[data-part=udp] .share').textContent === '100%'")
    browser.until("document.querySelector('[data-part=\"4\"] .share').textContent === '100%'")
    browser.until("document.querySelector('[data-part=\"0_64\"] .share').textContent === '100%'")
    sending.kill()
    browser.until("document.querySelector('#now-packets').textContent === '0'")


def test_charts_move(page, send):
    link, _, browser = page
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    picture = "document.querySelector('#total-chart canvas').toDataURL()"
    before = browser.get(picture)
    sending = send.start(link.sender, frame=FRAME, count=50_000_000)
    browser.until(f"{picture} !== {json.dumps(before)} && parseFloat(document.querySelector('#now-packets').textContent) > 0")
    sending.kill()
    # The chart says in words what it shows.
    browser("press", "Escape")
    browser.get("document.querySelector('#total-chart').focus()")
    browser("press", "ArrowLeft")
    assert re.fullmatch(r"\d\d:\d\d:\d\d: .*bit/s", browser.get("document.querySelector('#total-chart').getAttribute('aria-valuetext')"))
    assert browser.get("document.querySelector('#total-chart').getAttribute('aria-valuenow')") == "-5"
    assert browser.text("#moment").startswith("at ")
    browser("press", "Escape")
    browser.until("document.querySelector('#moment').textContent === 'now'")


def test_history_is_there_before_the_page_is_opened(page, send):
    """The server has it: who opens the page at three sees what was at ten to three."""
    link, _, browser = page
    sending = send.start(link.sender, frame=FRAME, count=50_000_000)
    browser.until("parseFloat(document.querySelector('#now-packets').textContent) > 0")
    sending.kill()
    browser.until("document.querySelector('#now-packets').textContent === '0'")
    browser.open("/")
    browser("press", "v")
    browser.until("document.querySelector('#total-minutes tbody td:last-child') !== null")
    browser.until("parseFloat(document.querySelector('#total-minutes tbody td:last-child').textContent) > 0")
    # Rates of the page's own begin later than the history ends: the seconds between are asked for once it has two snapshots.
    network.until(lambda: any("&seconds=" in url for url in browser("seen")["requests"]), "the seconds between are asked for")


def test_a_counter_beyond_doubles_keeps_its_last_digit(page, send, pin_root):
    """2^53 + 1 in a slot of the map, and a packet more."""
    link, _, browser = page
    pin = pin_root / link.receiver.name / "stats_map"
    slot = json.loads(network.run("bpftool", "-j", "map", "lookup", "pinned", pin, "key", "0", "0", "0", "0").stdout)
    assert len(slot["value"]) == 64
    value = [f"0x{byte:02x}" for number in (BEYOND, 60 * BEYOND, 0, 0, BEYOND, 0, BEYOND, 0) for byte in number.to_bytes(8, "little")]
    network.run("bpftool", "map", "update", "pinned", pin, "key", "0", "0", "0", "0", "value", *value)
    browser.until_counters({"total_packets": BEYOND, "total_bytes": 60 * BEYOND})
    send(link.sender, frame=FRAME, count=1)
    browser.until_counters({"total_packets": BEYOND + 1, "total_bytes": 60 * BEYOND + len(FRAME)})
    assert browser.snapshot()[link.receiver.name]["stats"]["total_packets"] == BEYOND + 1


def test_pause(page, send):
    link, _, browser = page
    browser("click", "#pause")
    assert browser.text("#status-text") == "paused"
    shown, time = browser.counters(), browser.text("#clock")
    send(link.sender, frame=FRAME, count=1000)
    network.settled(link.receiver)
    # Two more snapshots have arrived when a stream of the test's own has seen two.
    browser.get("new Promise((done) => { let seen = 0; const own = new EventSource('api/v1/stream');"
                " own.addEventListener('snapshot', () => { if (++seen === 3) { own.close(); done(true); } }); })")  # fmt: skip
    assert browser.counters() == shown and browser.text("#clock") == time
    # What is shown can be looked at in other ways meanwhile.
    browser("press", "u")
    assert browser.counters() == shown
    browser("click", "#pause")
    browser.until_counters({"udp_packets": 1000})
    assert browser.text("#status-text") == "live"


def test_units_are_chosen_and_remembered(page):
    _, _, browser = page
    assert browser.text("#total-title") == "Bits a second"
    browser("click", "#unit label:last-of-type")
    browser.until("document.querySelector('#total-title').textContent === 'Packets a second'")
    browser.until("document.querySelector('#rate-head').textContent === 'packets/s'")
    browser("reload")
    browser.until("document.querySelector('#total-title').textContent === 'Packets a second'")


def test_light_and_dark(page):
    _, _, browser = page
    until_dark(browser, False)
    browser("media", "dark")
    until_dark(browser, True)
    browser("select", "#theme", "light")
    until_dark(browser, False)
    browser("media", "light")
    browser("select", "#theme", "dark")
    until_dark(browser, True)
    browser("reload")
    until_dark(browser, True)
    browser("select", "#theme", "auto")
    until_dark(browser, False)


def test_what_is_chosen_is_seen_in_forced_colors(page):
    """Where a person's own few colours replace the page's, which takes backgrounds and shadows away."""
    _, _, browser = page
    look = "(element => { const style = getComputedStyle(element); return [style.backgroundColor, style.color, style.outlineStyle].join(); })"
    chosen = {
        "the unit": ("#unit input:checked + span", "#unit input:not(:checked) + span"),
        "the kind": ('#kinds button[aria-pressed="true"]', '#kinds button[aria-pressed="false"]'),
    }
    browser("forceColors", True)
    for what, (one, other) in chosen.items():
        browser.until(f"document.querySelector({one!r}) && document.querySelector({other!r})")
        looks = [browser.get(f"{look}(document.querySelector({selector!r}))") for selector in (one, other)]
        assert looks[0] != looks[1], what
    browser.until("document.querySelector('#interfaces tr:has([aria-current])')")
    assert browser.get("getComputedStyle(document.querySelector('#interfaces tr:has([aria-current])')).outlineStyle") == "solid"


def test_keyboard_alone(page):
    """Everything without a pointer; letters are no shortcuts where something is typed, nor for those who want none."""
    _, _, browser = page
    browser("press", "u")
    browser.until("document.querySelector('#total-title').textContent === 'Packets a second'")
    browser("press", "p")
    assert browser.text("#status-text") == "paused"
    browser("press", "p")
    browser("press", "v")
    browser.until("document.querySelector('#total-minutes table') !== null")
    assert browser.get("document.querySelector('#total-chart').hidden")
    browser("press", "v")
    browser("press", "t")
    assert browser.get("document.documentElement.dataset.theme") == "light"
    browser("press", "?")
    assert browser.get("document.querySelector('#help').open")
    browser("press", "p")
    assert browser.text("#status-text") == "live", "no shortcuts behind a dialog"
    browser("click", "#shortcuts")
    browser("press", "Escape")
    assert not browser.get("document.querySelector('#help').open")
    browser("press", "p")
    assert browser.text("#status-text") == "live", "they are switched off"
    # Tab comes by all that can be used, the first being the way past the rest.
    reached = []
    for _ in range(20):
        browser("press", "Tab")
        reached.append(browser.get("document.activeElement.id || document.activeElement.className || document.activeElement.name"))
    assert reached[0] == "skip"
    assert {"interval", "pause", "table", "theme", "help-button", "sort-name", "total-chart"} <= set(reached)
    browser("reload")
    browser.until("document.querySelector('#status').className === 'live'")
    browser("press", "Tab")
    browser("press", "Enter")
    assert browser.get("document.activeElement.id") == "detail"
    assert browser.get("[...document.querySelectorAll('a, button')].every((one) => one.textContent.trim() || one.getAttribute('aria-label'))")


@pytest.mark.parametrize("width", [320, 390, 768, 1000, 1280, 1400, 1920, 3840])
def test_fits(page, width):
    """From a phone to a wall, without a bar to scroll sideways (WCAG 1.4.10 asks for it at 320)."""
    _, _, browser = page
    browser("resize", width, 800)
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    browser.until("document.documentElement.scrollWidth <= innerWidth")
    browser.until("[...document.querySelectorAll('.panel')].every((panel) => panel.scrollWidth <= panel.clientWidth)")
    browser.until("document.querySelector('#total-chart canvas').getBoundingClientRect().right <= innerWidth")


def test_fits_with_text_twice_as_large(page):
    """WCAG 1.4.4 and 1.4.10 together: 320 pixels of those that the page counts in."""
    _, _, browser = page
    browser("resize", 640, 900)
    browser.get("document.documentElement.style.fontSize = '32px'")
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    browser.until("document.documentElement.scrollWidth <= innerWidth")
    browser.until("[...document.querySelectorAll('.panel')].every((panel) => panel.scrollWidth <= panel.clientWidth)")


@pytest.mark.parametrize("width", [1280, 1920, 3840])
def test_tables_show_every_part(page, width):
    """Without a bar to scroll sideways, where there is room for it."""
    _, _, browser = page
    browser("resize", width, 900)
    browser("press", "v")
    browser.until("document.querySelectorAll('.minutes').length === 4")
    assert browser.get("[...document.querySelectorAll('[data-group=protocol] .minutes th')].map((head) => head.textContent)")[:9] == [
        "from", "TCP", "UDP", "ICMP", "SCTP", "GRE", "IPsec", "other", "truncated"]  # fmt: skip
    # Numbers as wide as they can become.
    wide = "document.querySelectorAll('.minutes td').forEach((cell) => (cell.textContent = '99.9 Mbit/s'))"
    browser.until(f"{wide}, [...document.querySelectorAll('.minutes-box')].every((box) => box.scrollWidth <= box.clientWidth)")


def test_what_is_named_alike_is_alike(page):
    """What is neither TCP, UDP nor ICMP is more than the protocol panel's `other`."""
    _, _, browser = page
    counted = browser.get("[...document.querySelectorAll('#totals dt')].map((name) => name.textContent)")
    parts = browser.get("[...document.querySelectorAll('[data-group=protocol] .parts tbody th')].map((name) => name.textContent)")
    assert "other" in parts and "other" not in counted
    assert len(counted) == len(set(counted)) == 8


@pytest.mark.parametrize("width", [1280, 3840])
def test_labels_of_the_axes_do_not_touch(page, width):
    """The 0 of one axis, and the first time of the other, wherever that may stand."""
    _, _, browser = page
    browser("resize", width, 1000)
    browser.get("""{
        window.written = [];
        const plain = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
            if (this.canvas.closest('#total-chart')) {
                const { actualBoundingBoxAscent: above, actualBoundingBoxDescent: below } = this.measureText(text);
                window.written.push({ text, top: y - above, bottom: y + below });
            }
            return plain.apply(this, arguments);
        };
    }""")
    browser.until("window.written.some(({ text }) => text === '0') && window.written.some(({ text }) => text.includes(':'))")
    zero = browser.get("window.written.filter(({ text }) => text === '0').at(-1)")
    time = browser.get("window.written.filter(({ text }) => text.includes(':')).at(-1)")
    assert zero["bottom"] < time["top"], (zero, time)


STATES = {
    "light": [],
    "dark": [("select", "#theme", "dark")],
    "packets": [("press", "u")],
    "tables": [("press", "v")],
    "dark tables": [("select", "#theme", "dark"), ("press", "v")],
    "paused": [("press", "p")],
    "help": [("press", "?")],
    "phone": [("resize", 390, 844)],
}


@pytest.mark.parametrize("state", STATES)
def test_is_accessible(page, send, state):
    """axe-core: WCAG 2.2 A and AA, and what it holds for good practice."""
    link, _, browser = page
    send(link.sender, frame=FRAME, count=1000)
    browser.until("document.querySelectorAll('.chart canvas').length === 4")
    for action in STATES[state]:
        browser(*action)
    result = browser("axe")
    assert result["violations"] == []
    assert result["passes"] > 20


def test_the_page_itself_ends_with_its_server(page):
    """Nothing hangs on: a server with an open stream ends at once."""
    _, server, browser = page
    server.process.terminate()
    try:
        server.process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        pytest.fail("the server does not end while a page is open")
    assert server.process.returncode == 0
    browser.until("document.querySelector('#status').className === 'lost'")
