// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "bpfxx/create.hpp"
#include "bpfxx/keyed_core.hpp"
#include "bpfxx/layout.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/per_cpu.hpp"

namespace bpfxx {

/// What tells one kind of keyed map from another. `type` is the kernel's number.
template <std::uint32_t map_type, bool per_cpu_values, std::uint32_t creation_flags = 0>
struct MapKind {
    static constexpr std::uint32_t type = map_type;        ///< of the kernel's enum bpf_map_type
    static constexpr bool per_cpu = per_cpu_values;        ///< each entry has a value for each possible CPU
    static constexpr std::uint32_t flags = creation_flags; ///< without which the kernel makes none
    static constexpr bool batches = true;                  ///< whether to ask the kernel for batches at all
};

/// A map from K to V, read and written by system call. Owns its descriptor. Not thread-safe: reading uses buffers,
/// which are kept, so that nothing is allocated from the second reading on. Two objects on the same map may be used
/// by two threads.
/// @tparam K described by BPFXX_DESCRIBE, without padding, or an integer; compared with the map's BTF when opened
/// @tparam V likewise; where the map's differs, but has every field, it is read by projection
/// @tparam Kind see the aliases below
template <class K, class V, class Kind>
class KeyedMap : public OpensMaps<KeyedMap<K, V, Kind>> {
    static_assert(std::has_unique_object_representations_v<K>,
                  "the kernel compares all bytes of a key: no padding");

public:
    /// What a lookup gives: V, or the values of all CPUs, borrowed until the next use of the map.
    using Value = std::conditional_t<Kind::per_cpu, PerCpu<V>, V>;

    /// Errors: as Map::check_written_key and Map::check_value; incompatible where the map is of another kind.
    [[nodiscard]] static Result<KeyedMap> open(Map map, Proof proof = Proof::btf);
    /// Makes a map, with BTF of both types. @param name at most 15 characters @param max_entries as many as
    /// it can hold @param flags of the kernel's, BPF_F_*
    [[nodiscard]] static Result<KeyedMap> create(Text name, std::uint32_t max_entries,
                                                 std::uint32_t flags = 0);

    /// Empty: there is no such key.
    [[nodiscard]] Result<std::optional<Value>> lookup(const K& key)
    {
        return get(key, detail::Reading::lookup);
    }
    /// In a per-CPU map the value of every CPU is set. Errors: busy where Update::insert finds the key, not_found where
    /// Update::replace does not; system with E2BIG where the map is full; incompatible where V is read by projection.
    [[nodiscard]] Result<> update(const K& key, const V& value, Update mode = Update::any);
    /// Sets each CPU's own value. Errors: as above; invalid where there is not one for each possible CPU.
    [[nodiscard]] Result<> update(const K& key, View<const V> cpu_values, Update mode = Update::any)
        requires(Kind::per_cpu);
    /// False: there was no such key.
    [[nodiscard]] Result<bool> erase(const K& key) { return map().erase(bytes_of(key)); }
    /// Reads and erases in one step; kernel 5.14 for hash maps. Empty: there was no such key. Errors: unsupported.
    [[nodiscard]] Result<std::optional<Value>> take(const K& key) { return get(key, detail::Reading::take); }

    /// Calls visit(key, value) for each entry, in the map's own order; where visit returns bool, false ends it.
    /// Reads in batches (kernel 5.6), or else entry by entry. Safe while the map changes: an entry that is there from
    /// beginning to end is visited; one that comes or goes meanwhile may be or not. Read in batches an entry is
    /// visited once, unless it is erased and comes again; entry by entry it may be visited again after another was
    /// erased. The visitor may erase entries. Errors: busy where the map changes so fast that there is no end to it.
    template <class Visit>
        requires std::is_invocable_v<Visit&, const K&, const Value&>
    [[nodiscard]] Result<> for_each(Visit visit);

    /// Writes all pairs, in batches where the kernel has them. Errors: as update(); those before the first that fails
    /// are written. @param keys each of them once @param values as many as keys @param mode of every pair
    [[nodiscard]] Result<> update_all(View<const K> keys, View<const V> values, Update mode = Update::any)
        requires(!Kind::per_cpu)
    {
        return core_.update_all(bytes_of_all(keys), bytes_of_all(values), mode);
    }
    /// Likewise in a per-CPU map. @param keys each of them once @param cpu_values the first key's for each possible CPU, then
    /// the second key's, and so on @param mode of every pair
    [[nodiscard]] Result<> update_all(View<const K> keys, View<const V> cpu_values, Update mode = Update::any)
        requires(Kind::per_cpu)
    {
        return core_.update_all(bytes_of_all(keys), bytes_of_all(cpu_values), mode);
    }
    /// Erases all that are there, likewise; returns how many were.
    [[nodiscard]] Result<std::uint32_t> erase_all(View<const K> keys)
    {
        return core_.erase_all(bytes_of_all(keys));
    }

    /// Entries that it can hold.
    [[nodiscard]] std::uint32_t capacity() const noexcept { return map().info().max_entries; }
    /// The comparison of the values, of layout_report.hpp; null where only the size was compared. Borrowed.
    [[nodiscard]] const LayoutReport* layout() const noexcept { return core_.report(); }
    /// The map without its types. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return core_.map(); }

private:
    explicit KeyedMap(Map&& map) : core_(std::move(map)) {}
    [[nodiscard]] Result<std::optional<Value>> get(const K& key, detail::Reading reading);
    [[nodiscard]] static Value as_cpus(Bytes values) noexcept
    {
        return Value(View<const V>(reinterpret_cast<const V*>(values.data()), values.size() / sizeof(V)));
    }
    [[nodiscard]] Value decode(const detail::Entries& entries, const std::byte* from);

    detail::KeyedCore core_;
};

// The numbers are those of the kernel's enum bpf_map_type, which never change; keyed_map.cpp holds them against it.

/// BPF_MAP_TYPE_HASH.
template <class K, class V>
using HashMap = KeyedMap<K, V, MapKind<1, false>>;
/// BPF_MAP_TYPE_PERCPU_HASH: an entry has a value for each possible CPU.
template <class K, class V>
using PerCpuHashMap = KeyedMap<K, V, MapKind<5, true>>;
/// BPF_MAP_TYPE_LRU_HASH: evicts entries that were not used for long when it is full.
template <class K, class V>
using LruHashMap = KeyedMap<K, V, MapKind<9, false>>;
/// BPF_MAP_TYPE_LRU_PERCPU_HASH: both of these.
template <class K, class V>
using LruPerCpuHashMap = KeyedMap<K, V, MapKind<10, true>>;

/// BPF_MAP_TYPE_LPM_TRIE: finds the longest prefix that a key has. K begins with its length in bits, a 32-bit integer; the bytes behind it are
/// in network order, and those beyond the length do not matter. A lookup takes a key of full length.
template <class K, class V>
using LpmTrie = KeyedMap<K, V, MapKind<11, false, 1U>>; // BPF_F_NO_PREALLOC: the only way there is

// Details.

template <class K, class V, class Kind>
Result<KeyedMap<K, V, Kind>> KeyedMap<K, V, Kind>::open(Map map, Proof proof)
{
    KeyedMap opened(std::move(map));
    BPFXX_TRY(opened.core_.check(Kind::type, shape<K>, shape<V>, proof));
    return opened;
}

template <class K, class V, class Kind>
Result<KeyedMap<K, V, Kind>> KeyedMap<K, V, Kind>::create(Text name, std::uint32_t max_entries,
                                                          std::uint32_t flags)
{
    auto map = create_map({.type = Kind::type,
                           .name = name,
                           .key = &shape<K>,
                           .value = &shape<V>,
                           .max_entries = max_entries,
                           .flags = flags | Kind::flags});
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map), Proof::size); // made of these types: there is nothing to compare
}

template <class K, class V, class Kind>
auto KeyedMap<K, V, Kind>::get(const K& key, detail::Reading reading) -> Result<std::optional<Value>>
{
    bool found = false;
    if constexpr (Kind::per_cpu) {
        Bytes values;
        BPFXX_TRY(core_.get_cpus(bytes_of(key), reading, values, found));
        return found ? std::optional<Value>(as_cpus(values)) : std::nullopt;
    } else {
        V value; // NOLINT(cppcoreguidelines-pro-type-member-init): filled whole, or not used
        BPFXX_TRY(core_.get(bytes_of(key), reading, mutable_bytes_of(value), found));
        return found ? std::optional<Value>(value) : std::nullopt;
    }
}

template <class K, class V, class Kind>
Result<> KeyedMap<K, V, Kind>::update(const K& key, const V& value, Update mode)
{
    if constexpr (Kind::per_cpu)
        return core_.update_cpus(bytes_of(key), bytes_of(value), mode);
    else
        return core_.update(bytes_of(key), bytes_of(value), mode);
}

template <class K, class V, class Kind>
Result<> KeyedMap<K, V, Kind>::update(const K& key, View<const V> cpu_values, Update mode)
    requires(Kind::per_cpu)
{
    return core_.update_each_cpu(bytes_of(key), bytes_of_all(cpu_values), mode);
}

template <class K, class V, class Kind>
auto KeyedMap<K, V, Kind>::decode(const detail::Entries& entries, const std::byte* from) -> Value
{
    if constexpr (Kind::per_cpu) {
        return as_cpus(core_.decode_cpus(from));
    } else {
        V value; // NOLINT(cppcoreguidelines-pro-type-member-init): filled whole either way
        if (entries.is_direct)
            std::memcpy(&value, from, sizeof(V));
        else
            core_.decode(from, mutable_bytes_of(value));
        return value;
    }
}

template <class K, class V, class Kind>
template <class Visit>
    requires std::is_invocable_v<Visit&, const K&, const typename KeyedMap<K, V, Kind>::Value&>
Result<> KeyedMap<K, V, Kind>::for_each(Visit visit)
{
    core_.start(Kind::batches);
    for (detail::Entries entries;;) {
        BPFXX_TRY(core_.next(entries));
        if (entries.count == 0)
            return {};
        for (std::uint32_t i = 0; i < entries.count; i++) {
            K key;
            std::memcpy(&key, entries.keys + i * sizeof(K), sizeof(K));
            const Value value = decode(entries, entries.values + i * entries.value_stride);
            if constexpr (std::is_same_v<std::invoke_result_t<Visit&, const K&, const Value&>, bool>) {
                if (!visit(static_cast<const K&>(key), value))
                    return {};
            } else {
                visit(static_cast<const K&>(key), value);
            }
        }
    }
}

} // namespace bpfxx
