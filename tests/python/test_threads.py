# SPDX-License-Identifier: BSD-2-Clause
"""Waiting and reading leave the interpreter to other threads, and end when they are told to."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from test_counts import frame

import xdpstat as module


def steps_while(work) -> int:
    """How far another Python thread counts while this one is inside one call."""
    steps, begun, stop = [0], threading.Event(), threading.Event()

    def count():
        begun.set()
        while not stop.is_set():
            steps[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    begun.wait()
    before = steps[0]
    work()
    made = steps[0] - before
    stop.set()
    thread.join()
    return made


@pytest.fixture
def coarse_switches():
    """The interpreter takes its lock from no thread by itself: only a thread that gives it away lets others run."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("way", ["every", "rates"])
def test_others_run_while_one_waits(counted, way):
    _, counter = counted()
    snapshots = counter.every(0.3)
    next(snapshots)
    assert steps_while((lambda: next(snapshots)) if way == "every" else (lambda: counter.rates(0.3))) > 10_000


@pytest.mark.parametrize("reads", [False, True])
def test_reading_gives_the_lock_away(counted, coarse_switches, reads):
    """Another thread that waits for the lock gets it at a read, and without one it does not."""
    _, counter = counted()
    waiting, gate, ran = threading.Event(), threading.Lock(), []
    gate.acquire()

    def run():
        waiting.set()
        gate.acquire()
        ran.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    waiting.wait()
    time.sleep(0.1)  # until it hangs at the gate
    gate.release()
    end = time.monotonic() + (10 if reads else 0.3)
    while not ran and time.monotonic() < end:
        if reads:
            counter.read()
    assert bool(ran) == reads
    thread.join()


def test_many_threads_read_one_counter(counted, send):
    link, counter = counted()
    sending = send.start(link.sender, frame=frame(link, 17, 100), count=200_000)
    failures = []

    def read():
        last = 0
        for _ in range(2_000):
            snapshot = counter.read()
            if not (snapshot.total_packets == snapshot.udp_packets >= last):
                failures.append(dict(snapshot))
            last = snapshot.total_packets

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sending.kill()
    assert failures == []


def test_closing_ends_every_in_another_thread(counted):
    _, counter = counted()
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(counter.every(3600)))
    thread.start()
    while not counter.read().monotonic_ns or not thread.is_alive():
        pass
    time.sleep(0.05)
    start = time.monotonic()
    counter.close()
    thread.join(timeout=10)
    assert not thread.is_alive() and time.monotonic() - start < 2
    assert len(seen) <= 1


def test_a_signal_handler_runs_while_it_waits(counted):
    class Wake(Exception):
        pass

    def wake(*_):
        raise Wake

    _, counter = counted()
    before = signal.signal(signal.SIGALRM, wake)
    try:
        snapshots = counter.every(5)
        next(snapshots)
        start = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Wake):
            next(snapshots)
        assert time.monotonic() - start < 3
        # The turn was not used up.
        assert 3 < (next(snapshots).monotonic_ns / 1e9) - start < 7
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_handler_that_returns_does_not_shorten_the_wait(counted):
    _, counter = counted()
    came = []
    before = signal.signal(signal.SIGALRM, lambda *_: came.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        assert 0.3 <= counter.rates(0.3).seconds < 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(came) >= 3


def test_ctrl_c_ends_a_program(counted, pin_root):
    link, _ = counted()
    program = f"""
import xdpstat
for snapshot in xdpstat.open({link.receiver.name!r}, pin_root={str(pin_root)!r}).every(3600):
    print(snapshot.total_packets, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "0\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()
    assert said.splitlines()[-1] == "KeyboardInterrupt" and process.returncode == -signal.SIGINT


DAEMONS = """
import sys, threading, xdpstat
counter = xdpstat.open(sys.argv[1], pin_root=sys.argv[2])
path = counter.directory + "/stats_map"
stats = xdpstat.Map(path)

def every(begun):
    for _ in counter.every(0.001):
        begun.set()

def rates(begun):
    while True:
        counter.rates(0.001)
        begun.set()

def items(begun):
    while True:
        list(stats.items())
        begun.set()

def maps(begun):
    while True:
        xdpstat.Map(path)
        begun.set()

def errors(begun):
    while True:
        try:
            xdpstat.Map(path + "x")
        except xdpstat.NotFoundError:
            begun.set()

work = globals()[sys.argv[3]]
begun = threading.Event()
threading.Thread(target=work, args=[begun], daemon=True).start()
begun.wait()
"""


@pytest.mark.parametrize("work", ["every", "rates", "items", "maps", "errors"])
def test_a_program_may_end_while_a_daemon_thread_reads(counted, pin_root, work):
    link, _ = counted()
    for _ in range(10):
        command = [sys.executable, "-c", DAEMONS, link.receiver.name, pin_root, work]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (result.returncode, result.stderr) == (0, "")


REFUSED = """
import sys, xdpstat
try:
    xdpstat.open(sys.argv[1], pin_root=sys.argv[2])
except xdpstat.AccessError as error:
    print(error.hint)
    assert str(error).endswith(error.hint)
"""


def test_a_refusal_names_what_this_module_has(counted, pin_root):
    link, _ = counted()
    without = ["setpriv", "--inh-caps=-sys_admin", "--bounding-set=-sys_admin", "--", sys.executable, "-c", REFUSED]
    result = subprocess.run([*without, link.receiver.name, pin_root], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert "CAP_SYS_ADMIN" in result.stdout and result.stdout.endswith("it can be opened by its size: by_size=True\n")


def test_nothing_is_left_open(counted):
    link, counter = counted()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        with module.Map(os.path.join(counter.directory, "stats_map")) as stats:
            list(stats.items())
        for snapshot in module.open(link.receiver.name, pin_root=os.path.dirname(counter.directory)).every():
            break
    assert len(os.listdir("/proc/self/fd")) == before
