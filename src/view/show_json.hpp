// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "view/metrics.hpp"
#include "view/reading.hpp"

namespace xdpstat {

/// The version of the schema, docs/schema/show.v1.json. Fields may be added to a version, never taken or changed.
inline constexpr const char* show_schema = "xdpstat.show/1";

/// Everything that was counted, as JSON: all integers exact, non-zero cells only. Ends with a newline. Pure.
[[nodiscard]] std::string show_json(std::span<const Reading> readings);

/// The same of what a server reads, on one line with its newline, and in `problems` what is wrong with those that do
/// not count or could not be read. Pure.
[[nodiscard]] std::string snapshot_json(std::span<const InterfaceScrape> interfaces);

} // namespace xdpstat
