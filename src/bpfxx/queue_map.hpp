// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "bpfxx/create.hpp"
#include "bpfxx/layout.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/projection.hpp"

namespace bpfxx {

/// What a push does to a queue or stack that is full.
enum class WhenFull {
    refuse,      ///< fails, with E2BIG
    drop_oldest, ///< makes room by removing the element that has waited longest
};

/// Values without keys, first in first out or last in first out (kernel 4.20). The kernel keeps no BTF for such maps:
/// their values are known by their size alone. Owns its descriptor. Thread-safe.
/// @tparam V an integer, or described by BPFXX_DESCRIBE
template <class V, std::uint32_t type>
class QueueMap : public OpensMaps<QueueMap<V, type>> {
public:
    /// Errors: incompatible where the map is of another kind, or its values have another size.
    [[nodiscard]] static Result<QueueMap> open(Map map);
    /// Makes a map. @param name at most 15 characters @param max_entries as many as it can hold
    [[nodiscard]] static Result<QueueMap> create(Text name, std::uint32_t max_entries);

    /// Adds an element. Errors: system with E2BIG where it is full, unless it drops the oldest.
    [[nodiscard]] Result<> push(const V& value, WhenFull when_full = WhenFull::refuse);
    /// Removes the next element. Empty: there is none.
    [[nodiscard]] Result<std::optional<V>> pop();
    /// The next element, which stays. Empty: there is none.
    [[nodiscard]] Result<std::optional<V>> peek() const;

    /// The map without its type. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    explicit QueueMap(Map map) : map_(std::move(map)) {}
    Map map_;
};

/// First in, first out.
template <class V>
using Queue = QueueMap<V, 22>;
/// Last in, first out.
template <class V>
using Stack = QueueMap<V, 23>;

// Details.

template <class V, std::uint32_t type>
Result<QueueMap<V, type>> QueueMap<V, type>::open(Map map)
{
    if (map.info().type != type)
        return std::unexpected(detail::wrong_map_type(map, type));
    if (auto layout = map.check_value(shape<V>, Proof::size); !layout)
        return std::unexpected(std::move(layout).error());
    return QueueMap(std::move(map));
}

template <class V, std::uint32_t type>
Result<QueueMap<V, type>> QueueMap<V, type>::create(Text name, std::uint32_t max_entries)
{
    auto map = create_map({.type = type, .name = name, .value = &shape<V>, .max_entries = max_entries});
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map));
}

template <class V, std::uint32_t type>
Result<> QueueMap<V, type>::push(const V& value, WhenFull when_full)
{
    return map_.update({}, bytes_of(value),
                       when_full == WhenFull::drop_oldest ? Update::replace : Update::any);
}

template <class V, std::uint32_t type>
Result<std::optional<V>> QueueMap<V, type>::pop()
{
    V value;
    const auto found = map_.lookup_and_erase({}, mutable_bytes_of(value));
    if (!found)
        return std::unexpected(found.error());
    return *found ? std::optional<V>(value) : std::nullopt;
}

template <class V, std::uint32_t type>
Result<std::optional<V>> QueueMap<V, type>::peek() const
{
    V value;
    const auto found = map_.lookup({}, mutable_bytes_of(value));
    if (!found)
        return std::unexpected(found.error());
    return *found ? std::optional<V>(value) : std::nullopt;
}

} // namespace bpfxx
