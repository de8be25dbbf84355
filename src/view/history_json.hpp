// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "counter/snapshot.hpp"
#include "view/names.hpp"
#include "view/traffic_parts.hpp"

namespace xdpstat {

/// The counters of one row: the headline, then packets and bytes by size, transport and version of IP.
inline constexpr std::size_t history_counters = headline_counters.size() +
                                                2 * std::size_t{TRAFFIC_SIZE_COUNT} +
                                                2 * std::size_t{TRAFFIC_TRANSPORT_COUNT} + 2 * ip_versions;

/// What an interface had counted at one moment, for charts. A plain value.
struct HistoryRow {
    std::int64_t time = 0; ///< milliseconds since 1970
    bool has_breakdown = false;
    std::array<std::uint64_t, history_counters> counters{};
};

[[nodiscard]] HistoryRow history_row(const Snapshot& snapshot) noexcept;

/// The rows of an interface, oldest first. Borrows the name.
struct HistoryOf {
    std::string_view interface;
    std::vector<HistoryRow> rows;
};

/// The version of the schema, docs/schema/history.v1.json.
inline constexpr const char* history_schema = "xdpstat.history/1";

enum class HistoryCounters : std::uint8_t {
    all,
    total, ///< packets and bytes alone, a twentieth of the text
};

struct HistoryQuery {
    std::int64_t step = 1;  ///< seconds of the clock; of the rows within each the last is taken
    std::int64_t since = 0; ///< milliseconds since 1970; rows before are left out
    HistoryCounters counters = HistoryCounters::all;
};

/// Columns of numbers, one for each counter, on one line with its newline. Pure.
[[nodiscard]] std::string history_json(std::span<const HistoryOf> interfaces, const HistoryQuery& query);

} // namespace xdpstat
