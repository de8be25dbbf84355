#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows the totals over all CPUs of a pinned map of struct pkt_stats, with bpftool and Python's standard library.

It reads any array or percpu_array of struct pkt_stats (abi/xdp_counter.h), whoever made it. The fields are found by
name through the map's BTF; a map without BTF is read by its size, with a note. A sum above 2^64 - 1 starts again at 0,
as the counters themselves do.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

# The order of struct pkt_stats, for maps without BTF and for the output.
FIELDS = ["total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets", "other_packets",
          "ipv4_packets", "ipv6_packets"]  # fmt: skip
VALUE_SIZE = 8 * len(FIELDS)
PAGE = """Overall Statistics
  Total packets {total_packets:>26,}
  Total bytes   {total_bytes:>26,}
By Protocol
  ICMP          {icmp_packets:>26,}
  TCP           {tcp_packets:>26,}
  UDP           {udp_packets:>26,}
  Other         {other_packets:>26,}
By IP Version
  IPv4          {ipv4_packets:>26,}
  IPv6          {ipv6_packets:>26,}"""
ROOT = Path(__file__).resolve().parent.parent
HERE = os.path.dirname(sys.argv[0]) or "."
NEXT = "give the pin of a stats_map"


class Refused(Exception):
    """One line: what, why, what next."""


def bpftool(*arguments):
    """What bpftool answers, parsed."""
    # sudo's PATH may lack them.
    environment = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", LC_ALL="C")
    command = ["bpftool", "-j"] + list(arguments)
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    except FileNotFoundError:
        raise Refused("bpftool is missing: sudo {}/scripts/install-deps demo".format(ROOT))
    try:
        answer = json.loads(result.stdout.decode())
    except ValueError:
        raise Refused("bpftool's answer is not understood: see what it says: " + " ".join(command))
    if result.returncode == 0:
        return answer
    reason = answer["error"].split("): ")[-1] if "error" in answer else "bpftool gives up half-way"
    after = {
        "No such file or directory": "load the counter first: sudo {}/02-load.sh".format(HERE),
        "Permission denied": "root may: sudo {}".format(sys.argv[0]),
        "Operation not permitted": "root may: sudo {}".format(sys.argv[0]),
    }
    raise Refused("{} cannot be read: {}: {}".format(arguments[-1], reason, after.get(reason, NEXT)))


def check_map(pin):
    """Refuses what is not a map of values as large as struct pkt_stats."""
    if os.path.isdir(pin):
        raise Refused("{} is a folder: {}".format(pin, NEXT))
    info = bpftool("map", "show", "pinned", pin)
    if info["type"] not in ("array", "percpu_array"):
        raise Refused("{} is a map of the kind {}, not an array or percpu_array: {}".format(pin, info["type"], NEXT))
    if info["bytes_value"] != VALUE_SIZE:
        raise Refused(
            "{} has values of {} bytes, struct pkt_stats has {}: {}".format(pin, info["bytes_value"], VALUE_SIZE, NEXT)
        )


def slots_of(entry):
    """The values of an entry: of each CPU in a percpu_array, else the one there is."""
    return [one["value"] for one in entry.get("values", [entry])]


def numbers_in(value):
    """The eight numbers in the bytes of a slot, which lie in the order of this machine."""
    order = "<" if sys.byteorder == "little" else ">"
    return struct.unpack(order + "8Q", bytes(int(byte, 16) for byte in value))


def read(pin):
    """The totals by name, and whether BTF has proved what they are."""
    entries = bpftool("map", "dump", "pinned", pin)
    slots = [numbers_in(value) for entry in entries for value in slots_of(entry)]
    typed = [value for entry in entries if "formatted" in entry for value in slots_of(entry["formatted"])]
    names = FIELDS
    if typed:
        if not isinstance(typed[0], dict):
            raise Refused("{} has values that are no struct: {}".format(pin, NEXT))
        names = list(typed[0])
        if sorted(names) != sorted(FIELDS):
            raise Refused("{} has the fields {}, not those of struct pkt_stats: {}".format(pin, " ".join(names), NEXT))
        for slot, value in zip(slots, typed):
            for number, name in zip(slot, names):
                if value[name] != number:
                    raise Refused("{} has a field {} that is not a 64-bit number: {}".format(pin, name, NEXT))
    sums = dict(zip(names, (sum(column) % 2**64 for column in zip(*slots))))
    return {name: sums[name] for name in FIELDS}, bool(typed)


def seconds(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def main():
    default = os.path.join(os.environ.get("XDPSTAT_PINS") or "/sys/fs/bpf", "stats_map")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pin", metavar="PIN", nargs="?", default=default, help="the pinned map; %(default)s by default")
    parser.add_argument("--json", action="store_true", help="one object of the eight counters")
    parser.add_argument("--interval", metavar="S", type=seconds, help="again every S seconds, until Ctrl-C")
    options = parser.parse_args()

    noted = False
    while True:
        check_map(options.pin)
        totals, proved = read(options.pin)
        if not (proved or noted):
            noted = True
            note = "{}: note: {} shows no BTF: read by its size alone, its layout is not proved"
            print(note.format(Path(__file__).name, options.pin), file=sys.stderr)
        print(json.dumps(totals) if options.json else PAGE.format(**totals), flush=True)
        if options.interval is None:
            return 0
        time.sleep(options.interval)
        if not options.json:
            print(flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit("{}: {}".format(Path(__file__).name, refused))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone, head for one; nothing is left to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
