// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/entries.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/value.hpp"
#include "counter/pins.hpp"
#include "view/map_metrics.hpp"

namespace xdpstat {

/// A map that --map names.
struct MapTarget {
    std::string name; ///< of its metrics
    std::string pin;
};

/// Reads "NAME=PIN", or "PIN", which takes its name from the last part of the path. Pure. Errors: invalid.
[[nodiscard]] bpfxx::Result<MapTarget> parse_map_target(const std::string& text);

/// Any pinned maps, read as metrics. A map that fails, or whose pin is gone, is reported as such and does not take the
/// others with it; one that takes its place at the pin is read from then on. Not thread-safe.
class MapCollector {
public:
    /// @param most_series of each map: entries beyond are counted and left out
    /// Errors: those of opening and reading a map; invalid where two have the same name; unsupported where entries of its
    /// kind cannot be read.
    [[nodiscard]] static bpfxx::Result<MapCollector> open(const std::vector<MapTarget>& targets,
                                                          std::size_t most_series, bpfxx::Proof proof);

    [[nodiscard]] std::vector<MapScrape> read();

private:
    struct Source {
        MapTarget target;
        PinIdentity identity;            ///< of the pin when it was opened
        std::unique_ptr<bpfxx::Map> map; ///< where the reader finds it
        bpfxx::TypeDecoder types;
        std::unique_ptr<bpfxx::EntryReader> reader;
    };

    [[nodiscard]] static bpfxx::Result<Source> open_source(const MapTarget& target, bpfxx::Proof proof);
    [[nodiscard]] static bpfxx::Result<bpfxx::Value> decode_value(const Source& source, bpfxx::Bytes bytes);
    [[nodiscard]] bpfxx::Result<MapScrape> read(Source& source) const;

    std::vector<Source> sources_;
    std::size_t most_series_ = 0;
    bpfxx::Proof proof_ = bpfxx::Proof::btf;
};

} // namespace xdpstat
