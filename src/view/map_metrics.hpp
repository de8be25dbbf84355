// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "view/map_table.hpp"
#include "view/metrics_writer.hpp"

// Any map as metrics, by its BTF alone. docs/metrics.md says how its fields become names and labels. All pure.
namespace xdpstat {

/// A map of a scrape. A plain value.
struct MapScrape {
    std::string name;              ///< in the names of its metrics
    std::vector<MapEntry> entries; ///< those that are told
    std::uint64_t total = 0;       ///< entries that it held
    std::string problem;           ///< why it could not be read; empty where all is well
};

/// What of a value becomes series: its integers.
[[nodiscard]] std::size_t series_of(const bpfxx::Value& value);

/// A name that metrics and labels may have: letters, digits and underscores.
[[nodiscard]] std::string metric_name(std::string_view text);

/// @param gauges "MAP.FIELD" of those unsigned integers that may fall
void write_maps(MetricsWriter& writer, std::span<const MapScrape> maps, const std::set<std::string>& gauges);

} // namespace xdpstat
