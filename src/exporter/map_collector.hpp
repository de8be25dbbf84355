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
#include "exporter/map_config.hpp"
#include "view/map_metrics.hpp"

namespace xdpstat {

/// Any pinned maps, read as metrics. A map that fails, or whose pin is gone, is reported as such and does not take the
/// others with it; one that takes its place at the pin is read from then on. Not thread-safe.
class MapCollector {
public:
    /// Without a map.
    explicit MapCollector(bpfxx::Proof proof) : proof_(proof) {}

    /// Serves these in place of the former ones. A map that cannot be opened is no failure here: it may come.
    /// Returns why those that cannot be read for now are so. Errors: invalid where two have the same name or one lacks a
    /// field that is asked for; the former ones go on then.
    [[nodiscard]] bpfxx::Result<std::vector<bpfxx::Error>> change(const std::vector<MapTarget>& targets);

    [[nodiscard]] std::vector<MapScrape> read();

    /// Why none of them can be read; empty where one can. Opens those that are not open, and reads no entry.
    [[nodiscard]] std::string not_ready();

private:
    struct Source {
        std::string name;
        std::string pin;
        std::size_t most_series = 0;
        std::shared_ptr<const MapRules> rules;
        std::vector<FieldMention> mentions;

        PinIdentity identity;            ///< of the pin when it was opened
        std::unique_ptr<bpfxx::Map> map; ///< where the reader finds it; none of these three: it is not open
        std::unique_ptr<bpfxx::TypeDecoder> types;
        std::unique_ptr<bpfxx::EntryReader> reader;
    };

    [[nodiscard]] static Source source_of(const MapTarget& target);
    [[nodiscard]] static bpfxx::Result<> check_names(const std::vector<MapTarget>& targets);
    /// Whether the map has the fields that are asked for.
    [[nodiscard]] static bpfxx::Result<> check_fields(const Source& source, const bpfxx::MapInfo& info,
                                                      const bpfxx::TypeDecoder& types);
    [[nodiscard]] static bpfxx::Result<> open_map(Source& source, bpfxx::Proof proof);
    /// Opens it where it is not open, or another one has taken its place. Returns the problem; empty where it is open.
    [[nodiscard]] std::string reopen(Source& source) const;
    [[nodiscard]] static bpfxx::Result<bpfxx::Value> decode_value(const Source& source, bpfxx::Bytes bytes);
    [[nodiscard]] static bpfxx::Result<MapScrape> read(Source& source);
    /// The open map at the same pin, for other rules; null where none is open.
    [[nodiscard]] Source* open_at(const std::string& pin);

    std::vector<Source> sources_;
    bpfxx::Proof proof_;
};

} // namespace xdpstat
