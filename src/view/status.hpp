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

/// Where the counter runs among others, and what that means for its counts:
/// "behind 'xdp_filter' (id 12) in a dispatcher: what that drops is not counted". Pure.
[[nodiscard]] std::string describe(const DispatcherPlace& place);

/// A table with a line of headings: interface, mode, program tag, since, layout, packets; then a line for each counter that shares its
/// interface. Pure.
[[nodiscard]] std::string status_text(std::span<const StatusRow> rows, const TextOptions& options);

/// The same as JSON. Ends with a newline. Pure.
[[nodiscard]] std::string status_json(std::span<const StatusRow> rows);

} // namespace xdpstat
