// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "view/map_table.hpp"
#include "view/metrics_writer.hpp"

// Any map as metrics, by its BTF alone. docs/metrics.md says how its fields become names and labels. All pure.
namespace xdpstat {

/// What of a map is told, and as what. Fields are called by their path without the indexes of arrays, "peer.bytes"; a value
/// or a key that is no structure is the field "value" or "key". A plain value.
struct MapRules {
    std::set<std::string> gauges;                ///< unsigned integers that may fall
    std::set<std::string> counters;              ///< signed integers that only grow
    std::optional<std::set<std::string>> fields; ///< of the value; none: all integers
    std::optional<std::set<std::string>> labels; ///< of the key; none: all fields

    /// Whether a field of the value becomes series.
    [[nodiscard]] bool tells(const std::string& field) const { return !fields || fields->contains(field); }
};

/// A map of a scrape. A plain value.
struct MapScrape {
    std::string name;                      ///< in the names of its metrics
    std::shared_ptr<const MapRules> rules; ///< none: as if it were empty
    std::vector<MapEntry> entries;         ///< those that are told, each with labels of its own
    std::uint64_t total = 0;               ///< entries that it held
    std::uint64_t left_out = 0;            ///< of these, those that are not told
    std::string problem;                   ///< why it could not be read; empty where all is well
};

/// How many series a value becomes: its integers, those that the rules tell.
[[nodiscard]] std::size_t series_of(const bpfxx::Value& value, const MapRules& rules);

/// The labels of an entry, which tell it from the others unless the rules choose among the fields of the key.
[[nodiscard]] std::string map_labels(const std::string& map, const bpfxx::Value& key, const MapRules& rules);

/// The fields that can be series, and those that can be labels; each once, in order.
[[nodiscard]] std::vector<std::string> series_fields(const bpfxx::Value& value);
[[nodiscard]] std::vector<std::string> label_fields(const bpfxx::Value& key);

/// A name that metrics and labels may have: letters, digits and underscores.
[[nodiscard]] std::string metric_name(std::string_view text);

void write_maps(MetricsWriter& writer, std::span<const MapScrape> maps);

} // namespace xdpstat
