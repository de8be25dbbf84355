# SPDX-License-Identifier: BSD-2-Clause
"""Packet counters of network interfaces, and any BPF map, as typed Python values.

    with xdpstat.open("eth0") as counter:
        print(counter.read().total_packets)
        for snapshot in counter.every(1.0):
            ...

    for key, value in xdpstat.Map("/sys/fs/bpf/flows").items():
        ...

The counter is attached by `xdpstat attach eth0`; this module reads. All objects may be used by several threads. What waits,
and every system call, runs without the interpreter's lock: other threads go on meanwhile.
"""

from ._errors import (
    AccessError,
    BusyError,
    Error,
    IncompatibleError,
    InvalidError,
    NotFoundError,
    UnsupportedError,
)
from ._native import (
    DEFAULT_PIN_ROOT,
    Cell,
    Counter,
    Instance,
    Map,
    MapEntries,
    Rates,
    Snapshot,
    Snapshots,
    Traffic,
    TrafficCell,
    __version__,
    counters,
    open,
    rates,
)

__all__ = [
    "DEFAULT_PIN_ROOT",
    "AccessError",
    "BusyError",
    "Cell",
    "Counter",
    "Error",
    "IncompatibleError",
    "Instance",
    "InvalidError",
    "Map",
    "MapEntries",
    "NotFoundError",
    "Rates",
    "Snapshot",
    "Snapshots",
    "Traffic",
    "TrafficCell",
    "UnsupportedError",
    "__version__",
    "counters",
    "open",
    "rates",
]

# Where they are used from, for messages, help() and pickle.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
