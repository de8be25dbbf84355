// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/context.hpp"

namespace xdpstat {

struct WatchOptions {
    double interval = 1;     ///< seconds
    std::uint64_t count = 0; ///< intervals to show; 0: until told to end
};

/// Adds -i and -n to a command that watches.
void add_watch_options(CLI::App& command, WatchOptions& options);

/// Shows live rates of attached interfaces (of all attached where none is named) until q, a signal (SIGINT, SIGTERM,
/// SIGHUP, SIGQUIT), the last interval, or the end of the pipe that reads it; the terminal is then as it was. Those
/// signals are blocked only meanwhile. Reports its errors and returns the exit code. Not thread-safe.
[[nodiscard]] int watch(const std::vector<std::string>& interfaces, const WatchOptions& options,
                        const Context& context);

} // namespace xdpstat
