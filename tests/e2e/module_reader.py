#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A reader on the Python module xdpstat, to be held against the others.

    module_reader.py PIN                    the counters of a stats_map, added up over its entries and CPUs
    module_reader.py INTERFACE PIN-ROOT     those of an interface's counter
"""

import json
import struct
import sys

import xdpstat

# Of struct pkt_stats, where a map has no BTF to tell.
FIELDS = ["total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets", "other_packets", "ipv4_packets", "ipv6_packets"]


def add_up(pin: str) -> dict[str, int]:
    with xdpstat.Map(pin) as stats:
        values = list(stats.values(per_cpu=stats.per_cpu))
    sums = dict.fromkeys(FIELDS, 0)
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            row = dict(zip(FIELDS, struct.unpack("=8Q", one))) if isinstance(one, bytes) else one
            for name in FIELDS:
                sums[name] = (sums[name] + row[name]) % 2**64
    return sums


if len(sys.argv) == 2:
    print(json.dumps(add_up(sys.argv[1])))
else:
    with xdpstat.open(sys.argv[1], pin_root=sys.argv[2]) as counter:
        print(json.dumps(dict(counter.read())))
