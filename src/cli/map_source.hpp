// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/entries.hpp"
#include "bpfxx/value.hpp"
#include "view/map_table.hpp"

namespace xdpstat {

/// Which entries of a map to show, and how.
struct MapQuery {
    std::string by; ///< path of the field to sort by; empty: in the map's own order
    bool smallest_first = false;
    std::size_t limit = 0; ///< entries; 0: all
    bool per_cpu = false;  ///< each CPU's value, and not their sum
    bool rate = false;     ///< growth since the reading before
};

[[nodiscard]] MapFacts facts_of(const bpfxx::Map& map, const bpfxx::TypeDecoder& types);

/// A map that is read again and again. Not thread-safe; move-only.
class MapSource {
public:
    /// @param target "PIN", "id:N" or "name:NAME"
    /// Errors: not_found, permission, incompatible where the pin is no map, busy where several have the name; invalid.
    [[nodiscard]] static bpfxx::Result<MapSource> open(const std::string& target, bpfxx::Proof proof);

    /// Whether entries of this map can be shown in the way that is asked for.
    /// Errors: unsupported, with the reason; invalid where there is no such field, or no value of each CPU.
    [[nodiscard]] bpfxx::Result<> check(const MapQuery& query) const;

    /// Reads all entries, and keeps them for the rates of the next time. The rates of an entry that came since the
    /// last time count from zero; the first time there are none. Errors: as bpfxx::EntryReader::for_each.
    [[nodiscard]] bpfxx::Result<MapReading> read(const MapQuery& query);

    [[nodiscard]] const bpfxx::Map& map() const noexcept { return *map_; }

private:
    using Bytes = bpfxx::Bytes;
    /// All entries, as bytes behind each other.
    struct Contents {
        std::vector<std::byte> keys;
        std::vector<std::byte> values;
        std::size_t count = 0;
        std::chrono::steady_clock::time_point at;
    };
    /// An entry, or what one CPU has of it.
    struct Item {
        std::size_t index = 0;
        std::optional<std::uint32_t> cpu;
        bpfxx::Value rank; ///< what it is sorted by
    };

    MapSource(bpfxx::Map map, bpfxx::TypeDecoder types);
    [[nodiscard]] bpfxx::Result<Contents> take() const;
    [[nodiscard]] Bytes key_of(const Contents& contents, std::size_t index) const;
    [[nodiscard]] Bytes value_of(const Contents& contents, std::size_t index) const;
    [[nodiscard]] bpfxx::Result<bpfxx::Value> decode_value(Bytes bytes,
                                                           std::optional<std::uint32_t> cpu) const;
    [[nodiscard]] bpfxx::Result<MapEntry> decode(const Contents& now, const Item& item, bool rate) const;
    /// The entry's value in the reading before, or zeros.
    [[nodiscard]] Bytes value_before(Bytes key) const;
    void remember(Contents contents);

    std::unique_ptr<bpfxx::Map> map_; ///< where the reader finds it
    bpfxx::TypeDecoder types_;
    std::unique_ptr<bpfxx::EntryReader> reader_;
    Contents before_; ///< the reading before, where there was one
    bool has_before_ = false;
    std::vector<std::size_t> order_before_; ///< of the entries before, by their keys
    std::vector<std::byte> zeros_;
};

} // namespace xdpstat
