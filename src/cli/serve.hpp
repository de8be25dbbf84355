// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/attach.hpp"
#include "cli/context.hpp"
#include "counter/interface_filter.hpp"

namespace xdpstat {

/// What `xdpstat serve` was asked for.
struct ServeArguments {
    std::vector<std::string> interfaces;
    bool attach = false;
    bool default_route = false;            ///< the interfaces that a default route leads over
    bool retry = false;                    ///< what fails at the start is tried again
    bool detach_at_end = false;            ///< from what was asked for
    std::string include;                   ///< a regular expression
    std::string exclude;                   ///< likewise
    std::optional<InterfaceFilter> filter; ///< made of these two, where one of them is given
    AttachOptions how;
    std::vector<std::string> addresses;
    std::string telemetry_path = "/metrics";
    std::vector<std::string> hosts; ///< names
    std::string web_config;         ///< a file
    std::size_t connections = 512;
    bool fixed = false;              ///< only what is attached at the start
    std::vector<std::string> maps;   ///< [NAME=]PIN
    std::vector<std::string> gauges; ///< MAP.FIELD
    std::size_t map_series = 1000;
    std::string map_config; ///< a file
    bool drop_zero = false;
    bool program_stats = false;
};

/// Serves until it is ended, and returns the exit code. Where the server is a program of its own, becomes that program.
[[nodiscard]] int serve_command(const ServeArguments& arguments, Context& context);

} // namespace xdpstat
