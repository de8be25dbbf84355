// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <functional>

#include "bpfxx/entry_cursor.hpp"
#include "bpfxx/map.hpp"

namespace bpfxx {

/// Whether the entries of maps of a type are taken out in an order, and only the next can be looked at: queue, stack.
[[nodiscard]] bool is_taken_from(std::uint32_t map_type) noexcept;

/// Goes through the entries of a map of any kind that has keys, without types. Keeps its buffers, so that nothing is
/// allocated from the second time on. Not thread-safe.
class EntryReader {
public:
    /// @param map borrowed
    explicit EntryReader(const Map& map) : map_(map) {}

    /// Gets the bytes of a key and what a lookup of it gives, in a per-CPU map the values of all CPUs; both borrowed for
    /// the call. False ends it.
    using Visit = std::function<bool(Bytes key, Bytes value)>;

    /// Reads in batches where the kernel has them for this kind (5.6), or else entry by entry. Safe while the map
    /// changes: an entry that is there from beginning to end is visited; one that comes or goes meanwhile may be or not.
    /// Read in batches an entry is visited once, unless it is erased and comes again; entry by entry it may be visited
    /// again after another was erased. What is read of one entry may be half of an update that runs meanwhile.
    /// Errors: unsupported where the kind has no entries that can be read without being taken; busy where the map
    /// changes so fast that there is no end to it.
    [[nodiscard]] Result<> for_each(const Visit& visit);

private:
    const Map& map_;
    detail::EntryCursor cursor_;
};

/// Calls visit(map) for each map of the machine that is there from beginning to end. Needs CAP_SYS_ADMIN.
/// Errors: permission.
[[nodiscard]] Result<> for_each_map(const std::function<void(const Map&)>& visit);

} // namespace bpfxx
