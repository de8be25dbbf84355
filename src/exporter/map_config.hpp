// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "view/map_metrics.hpp"

// Which maps are served as metrics, and how: what --map and the file of --map.config.file say.
namespace xdpstat {

/// Where a field of a map is asked for, so that one that the map does not have can be told of.
struct FieldMention {
    enum class Of : std::uint8_t { key, value };
    Of of = Of::value;
    std::string field;
    std::string where; ///< "/etc/xdpstat/maps.yml:7: maps[0].gauges", "--map-gauge"
};

/// A map that is to be served.
struct MapTarget {
    std::string name; ///< of its metrics
    std::string pin;
    std::size_t most_series = 0; ///< entries beyond are counted and left out
    MapRules rules{};
    std::vector<FieldMention> mentions; ///< of the fields in the rules
};

/// Reads "NAME=PIN", or "PIN", which takes its name from the last part of the path. Pure. Errors: invalid.
[[nodiscard]] bpfxx::Result<MapTarget> parse_map_target(const std::string& text, std::size_t most_series);

/// Adds "MAP.FIELD", one that may fall, to the rules of the map of that name. Pure. Errors: invalid where none has it.
[[nodiscard]] bpfxx::Result<> add_gauge(std::vector<MapTarget>& targets, const std::string& text);

/// Reads the file; docs/metrics.md describes it. @param most_series where it does not say
/// Errors: not_found, permission; invalid, naming file, line and field.
[[nodiscard]] bpfxx::Result<std::vector<MapTarget>> read_map_config(const std::string& path,
                                                                    std::size_t most_series);

} // namespace xdpstat
