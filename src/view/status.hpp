// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <span>
#include <string>

#include "counter/instance.hpp"
#include "counter/snapshot.hpp"
#include "view/reading.hpp"

namespace xdpstat {

/// A counter of this machine. A plain value.
struct StatusRow {
    Instance instance;
    std::optional<pkt_stats> stats; ///< none where the maps cannot be read
};

/// The version of the schema, docs/schema/status.v1.json.
inline constexpr const char* status_schema = "xdpstat.status/1";

/// A table with a line of headings: interface, mode, program tag, since, layout, packets. Pure.
[[nodiscard]] std::string status_text(std::span<const StatusRow> rows, const TextOptions& options);

/// The same as JSON. Ends with a newline. Pure.
[[nodiscard]] std::string status_json(std::span<const StatusRow> rows);

} // namespace xdpstat
