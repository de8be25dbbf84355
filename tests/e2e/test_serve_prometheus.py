# SPDX-License-Identifier: BSD-2-Clause
"""A real Prometheus scrapes the exporter once a second while frames arrive: what it says is what was sent."""

import bisect
import socket
import threading
import time

import network
import pytest
from monitoring import Prometheus
from serving import socket_in
from test_counts import frame
from test_serve import counter, start_server  # noqa: F401


@pytest.fixture
def prometheus(tmp_path):
    """prometheus(server) is one that scrapes it."""
    running = []

    def start(server) -> Prometheus:
        target = server.urls[0].removeprefix("http://").rstrip("/")
        job = {"job_name": "xdpstat", "static_configs": [{"targets": [target]}]}
        running.append(Prometheus(server.netns, tmp_path, {"scrape_configs": [job]}))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def test_prometheus_scrapes_it(counter, start_server, send, prometheus):  # noqa: F811
    link = counter()
    end = link.receiver
    server = start_server(netns=end.netns)
    send(link.sender, frame=frame(link, 17, 100), count=4321)
    network.settled(end)
    scraper = prometheus(server)
    assert scraper.value("sum(xdpstat_packets_total)") == 4321
    assert scraper.value('up{job="xdpstat"}') == 1
    assert scraper.value("xdpstat_packet_size_bytes_count") == 4321


class SteadySender:
    """Sends a frame again and again at a steady pace, and remembers when it had sent how many."""

    BATCH = 25  # fewer than a queue of veth holds

    def __init__(self, end: network.Endpoint, data: bytes, pace: int):
        self.socket = socket_in(end.netns, socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((end.name, 0))
        self.data = data
        self.interval = self.BATCH / pace
        self.times: list[float] = [time.time()]
        self.sent: list[int] = [0]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        due = time.monotonic()
        # Never faster to catch up: what was late stays late, and the pace is what the log says.
        while not self.ended.wait(max(0.0, due - time.monotonic())):
            due = max(due, time.monotonic() - self.interval) + self.interval
            for _ in range(self.BATCH):
                self.socket.send(self.data)
            self.times.append(time.time())
            self.sent.append(self.sent[-1] + self.BATCH)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.socket.close()

    def sent_by(self, moment: float) -> int:
        return self.sent[bisect.bisect_right(self.times, moment) - 1]


def test_rates_are_what_was_sent(counter, start_server, prometheus):  # noqa: F811
    """Prometheus reads a counter between the timestamp of a sample and that plus what the scrape took: so many frames
    at least, and at most, were sent between the first and the last sample of the window."""
    window = 20
    link = counter()
    end = link.receiver
    server = start_server(netns=end.netns)
    scraper = prometheus(server)
    series = f'xdpstat_packets_total{{device="{end.name}",ip_version="4",protocol="udp"}}'
    scraper.value(series)
    with SteadySender(link.sender, frame(link, 17, 100), pace=5000) as sender:
        started = time.time()
        network.until(lambda: scraper.query(f"timestamp({series}) > {started + window + 3}"), "a window of samples", timeout=120)
        at = scraper.value(f"timestamp({series})")
    samples = scraper.query(f"{series}[{window}s]", at)[0]["values"]
    durations = dict(scraper.query(f"scrape_duration_seconds[{window}s]", at)[0]["values"])
    (first, before), (last, after) = samples[0], samples[-1]
    assert last - first > window - 5 and len(samples) >= window / 2, f"it scraped at {[moment for moment, _ in samples]}"
    least = sender.sent_by(last) - sender.sent_by(first + float(durations[first]))
    most = sender.sent_by(last + float(durations[last])) + sender.BATCH - sender.sent_by(first)
    for rate in (scraper.value(f"rate({series}[{window}s])", at), (int(after) - int(before)) / (last - first)):
        said = rate * (last - first)
        assert 0.99 * least <= said <= 1.01 * most, (rate, least, most, last - first)
    bits = scraper.value(f"8 * sum(rate(xdpstat_bytes_total[{window}s]))", at)
    assert bits == pytest.approx(8 * 100 * scraper.value(f"rate({series}[{window}s])", at), rel=1e-9)
    # Nothing was lost on the way, and nothing is missing at the end.
    received = network.settled(end)["rx_packets"]
    assert received == sender.sent[-1]
    assert server.metrics()[series] == received
