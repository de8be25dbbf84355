// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "bpfxx/create.hpp"
#include "bpfxx/layout.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/projection.hpp"

namespace bpfxx {

/// A map whose values are maps, all made alike. A program finds the inner map by key; an update exchanges it at once.
/// Owns its descriptor. Thread-safe.
template <class K, std::uint32_t type>
class MapOfMaps : public OpensMaps<MapOfMaps<K, type>> {
public:
    /// Errors: incompatible where the map is of another kind or its keys are not K; permission.
    [[nodiscard]] static Result<MapOfMaps> open(Map map, Proof proof = Proof::btf);
    /// @param name at most 15 characters @param max_entries as many as it can hold
    /// @param like a map such as those that it will hold: of the same kind, sizes and flags; borrowed
    /// @param flags of the kernel's, BPF_F_*
    [[nodiscard]] static Result<MapOfMaps> create(Text name, std::uint32_t max_entries, const Map& like,
                                                  std::uint32_t flags = 0);

    /// The inner map, opened. Empty: there is none. Errors: permission (CAP_SYS_ADMIN is needed).
    [[nodiscard]] Result<std::optional<Map>> lookup(const K& key) const;
    /// The outer map holds the inner one from then on. Errors: system with EINVAL where it is not alike.
    [[nodiscard]] Result<> update(const K& key, const Map& inner, Update mode = Update::any);
    /// False: there was none.
    [[nodiscard]] Result<bool> erase(const K& key) { return map_.erase(bytes_of(key)); }

    /// The outer map without its type. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    explicit MapOfMaps(Map map) : map_(std::move(map)) {}
    Map map_;
};

/// BPF_MAP_TYPE_ARRAY_OF_MAPS.
using ArrayOfMaps = MapOfMaps<std::uint32_t, 12>;
/// BPF_MAP_TYPE_HASH_OF_MAPS.
template <class K>
using HashOfMaps = MapOfMaps<K, 13>;

// Details.

template <class K, std::uint32_t type>
Result<MapOfMaps<K, type>> MapOfMaps<K, type>::open(Map map, Proof proof)
{
    if (map.info().type != type)
        return std::unexpected(detail::wrong_map_type(map, type));
    // The kernel keeps no BTF for these kinds, so libbpf gives none: the keys are compared where there is some.
    if (auto key = map.check_written_key(shape<K>, map.info().btf_id == 0 ? Proof::size : proof); !key)
        return std::unexpected(std::move(key).error());
    return MapOfMaps(std::move(map));
}

template <class K, std::uint32_t type>
Result<MapOfMaps<K, type>> MapOfMaps<K, type>::create(Text name, std::uint32_t max_entries, const Map& like,
                                                      std::uint32_t flags)
{
    auto map = create_map({.type = type,
                           .name = name,
                           .key = &shape<K>,
                           .value = &shape<std::uint32_t>,
                           .max_entries = max_entries,
                           .flags = flags,
                           .inner = &like});
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map));
}

template <class K, std::uint32_t type>
Result<std::optional<Map>> MapOfMaps<K, type>::lookup(const K& key) const
{
    std::uint32_t id = 0;
    const auto found = map_.lookup(bytes_of(key), mutable_bytes_of(id));
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return std::nullopt;
    auto inner = Map::open_id(id);
    if (!inner)
        return std::unexpected(std::move(inner).error());
    return std::optional<Map>(std::move(*inner));
}

template <class K, std::uint32_t type>
Result<> MapOfMaps<K, type>::update(const K& key, const Map& inner, Update mode)
{
    const int fd = inner.fd();
    return map_.update(bytes_of(key), bytes_of(fd), mode);
}

} // namespace bpfxx
