// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "bpfxx/error.hpp"
#include "cli/map_source.hpp"

namespace xdpstat {

/// How a map is shown again and again.
struct MapWatch {
    double interval = 1;     ///< seconds
    std::uint64_t count = 0; ///< readings to show; 0: until told to end
    bool json = false;       ///< a document a line
    bool all = false;        ///< zeros too
};

/// Shows a map at each interval, in the terminal on a screen of its own, until q, a signal, the last reading or the end
/// of the pipe that reads it. Rates need a first reading, which is not shown. Not thread-safe.
[[nodiscard]] bpfxx::Result<> watch_map(MapSource& source, const MapQuery& query, const MapWatch& watch);

/// Waits an interval. False: a signal asked for the end. Not thread-safe.
[[nodiscard]] bpfxx::Result<bool> wait_interval(double seconds);

} // namespace xdpstat
