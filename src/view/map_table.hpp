// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpfxx/value.hpp"
#include "view/line.hpp"

// Any BPF map for people and for programs. All pure.
namespace xdpstat {

/// What is told of a map without its entries. A plain value.
struct MapFacts {
    std::uint32_t id = 0;
    std::string name;
    std::string type; ///< the kernel's word: "lru_hash"
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t max_entries = 0;
    std::uint32_t flags = 0;
    bool is_indexed = false; ///< its keys are 0, 1, 2 ... and all there from the start
    bool has_btf = false;
    std::string key_type; ///< as C writes it; empty where it is not known
    std::string value_type;
};

/// An entry, or what one CPU has of it.
struct MapEntry {
    bpfxx::Value key;                 ///< `none` in a map that has no keys
    std::optional<std::uint32_t> cpu; ///< which of the possible CPUs, where they are told apart
    bpfxx::Value value;
    std::optional<bpfxx::Value> rates; ///< of the value, a second
};

/// A map's entries at one moment, or those of them that were asked for.
struct MapReading {
    MapFacts map;
    std::chrono::system_clock::time_point taken;
    std::optional<double> seconds; ///< between the two readings that the rates come from
    std::vector<MapEntry> entries; ///< in the order to show them; one for each CPU where they are told apart
    std::size_t total = 0;         ///< entries that the map held, whatever its CPUs
    bool complete = true;          ///< false: it held more, which cannot be looked at
};

struct MapTextOptions {
    bool color = false;
    std::size_t width = 0; ///< columns that a table may have; 0: any
    bool all = false;      ///< zeros too
};

/// The versions of the schemas, docs/schema/map.v1.json and maps.v1.json.
inline constexpr const char* map_schema = "xdpstat.map/1";
inline constexpr const char* maps_schema = "xdpstat.maps/1";

/// A title, then a table with a row for each entry; where that would be too wide, or there is but one entry, a list of
/// the fields of each.
[[nodiscard]] std::vector<Line> map_lines(const MapReading& reading, const MapTextOptions& options);

/// The same as JSON, indented. Ends with a newline.
[[nodiscard]] std::string map_json(const MapReading& reading);
/// On one line, with its newline.
[[nodiscard]] std::string map_json_line(const MapReading& reading);

/// A table of maps, and the same as JSON.
[[nodiscard]] std::vector<Line> map_list_lines(std::span<const MapFacts> maps);
[[nodiscard]] std::string map_list_json(std::span<const MapFacts> maps);

/// The paths of all fields that entries can be sorted by: "key.saddr", "packets".
[[nodiscard]] std::vector<std::string> field_names(const MapEntry& entry);

} // namespace xdpstat
