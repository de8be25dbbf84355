// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfxx/codec.hpp"
#include "bpfxx/create.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/per_cpu.hpp"

namespace bpfxx {

/// What tells one kind of keyed map from another. `type` is the kernel's number.
template <std::uint32_t map_type, bool per_cpu_values, std::uint32_t creation_flags = 0>
struct MapKind {
    static constexpr std::uint32_t type = map_type;        ///< enum bpf_map_type
    static constexpr bool per_cpu = per_cpu_values;        ///< whether an entry has a value for each CPU
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
class KeyedMap {
    static_assert(std::has_unique_object_representations_v<K>,
                  "the kernel compares all bytes of a key: no padding");

public:
    /// What a lookup gives: V, or the values of all CPUs, borrowed until the next use of the map.
    using Value = std::conditional_t<Kind::per_cpu, PerCpu<V>, V>;

    /// Errors: as Map::check_key and Map::check_value; incompatible where the map is of another kind.
    [[nodiscard]] static Result<KeyedMap> open(Map map, Proof proof = Proof::btf);
    /// The map pinned at a path. Errors: also those of Map::open_pinned.
    [[nodiscard]] static Result<KeyedMap> open_pinned(const std::string& path, Proof proof = Proof::btf);
    /// The map of this number. Errors: also those of Map::open_id; needs CAP_SYS_ADMIN.
    [[nodiscard]] static Result<KeyedMap> open_id(std::uint32_t id, Proof proof = Proof::btf);
    /// Makes a map, with BTF of both types; it lives as long as somebody holds or pins it. Errors: as create_map().
    /// @param name at most 15 characters @param max_entries that it can hold @param flags of the kernel's, BPF_F_*
    [[nodiscard]] static Result<KeyedMap> create(const std::string& name, std::uint32_t max_entries,
                                                 std::uint32_t flags = 0);

    /// Empty: there is no such key.
    [[nodiscard]] Result<std::optional<Value>> lookup(const K& key);
    /// In a per-CPU map the value of every CPU is set. Errors: busy where Update::insert finds the key, not_found where
    /// Update::replace does not; system with E2BIG where the map is full; incompatible where V is read by projection.
    [[nodiscard]] Result<> update(const K& key, const V& value, Update mode = Update::any);
    /// False: there was no such key.
    [[nodiscard]] Result<bool> erase(const K& key) { return map_.erase(bytes_of(key)); }
    /// Reads and erases in one step; kernel 5.14 for hash maps. Empty: there was no such key. Errors: unsupported.
    [[nodiscard]] Result<std::optional<Value>> take(const K& key);

    /// Calls visit(key, value) for each entry, in the map's own order; where visit returns bool, false ends it.
    /// Reads in batches (kernel 5.6), or else entry by entry. Safe while the map changes: an entry that is there from
    /// beginning to end is visited; one that comes or goes meanwhile may be or not. Read in batches an entry is
    /// visited once, unless it is erased and comes again; entry by entry it may be visited again after another was
    /// erased. The visitor may erase entries. Errors: busy where the map changes so fast that there is no end to it.
    template <std::invocable<const K&, const Value&> Visit>
    [[nodiscard]] Result<> for_each(Visit visit);

    /// Writes all pairs, in batches where the kernel has them. Errors: as update(); those before the first that fails
    /// are written. @param keys each of them once @param values as many as keys @param mode of every pair
    [[nodiscard]] Result<> update_all(std::span<const K> keys, std::span<const V> values,
                                      Update mode = Update::any)
        requires(!Kind::per_cpu);
    /// Erases all that are there, likewise; returns how many were.
    [[nodiscard]] Result<std::uint32_t> erase_all(std::span<const K> keys);

    /// Entries that it can hold.
    [[nodiscard]] std::uint32_t capacity() const noexcept { return map_.info().max_entries; }
    /// The comparison of the values; empty where only the size was compared.
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return codec_.layout(); }
    /// The map without its types. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    KeyedMap(Map map, Codec<V> codec);
    [[nodiscard]] Value decode(const std::byte* from);
    template <class Visit>
    [[nodiscard]] bool visit_entry(Visit& visit, const std::byte* key, const std::byte* value);
    template <class Visit>
    [[nodiscard]] Result<> walk(Visit& visit);
    void make_room(std::uint32_t entries);

    Map map_;
    Codec<V> codec_;
    std::vector<std::byte> value_;
    std::vector<V> cpu_values_; ///< of a per-CPU map
    std::vector<std::byte> cursor_;
    std::vector<std::byte> batch_keys_;
    std::vector<std::byte> batch_values_;
    std::uint32_t room_ = 0; ///< entries of a batch
};

// The numbers are those of the kernel's enum bpf_map_type, which never change; map_kinds.cpp holds them against it.

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

namespace detail {

/// Entries of the first batch: enough to make the call's own cost vanish, few enough for a cache.
inline constexpr std::uint32_t first_room = 256;

[[nodiscard]] Error endless_walk(const Map& map);
[[nodiscard]] Error unequal_counts(const Map& map);

} // namespace detail

template <class K, class V, class Kind>
KeyedMap<K, V, Kind>::KeyedMap(Map map, Codec<V> codec)
    : map_(std::move(map)), codec_(std::move(codec)), value_(map_.lookup_size()), cursor_(map_.cursor_size())
{
    if constexpr (Kind::per_cpu)
        cpu_values_.resize(map_.lookup_size() / value_stride(map_.info().value_size));
}

template <class K, class V, class Kind>
Result<KeyedMap<K, V, Kind>> KeyedMap<K, V, Kind>::open(Map map, Proof proof)
{
    if (map.info().type != Kind::type)
        return std::unexpected(detail::wrong_map_type(map, map_type_name(Kind::type)));
    if (auto key = Codec<K>::of_key(map, proof); !key)
        return std::unexpected(std::move(key).error());
    auto codec = Codec<V>::of_value(map, proof);
    if (!codec)
        return std::unexpected(std::move(codec).error());
    return KeyedMap(std::move(map), std::move(*codec));
}

template <class K, class V, class Kind>
Result<KeyedMap<K, V, Kind>> KeyedMap<K, V, Kind>::open_pinned(const std::string& path, Proof proof)
{
    auto map = Map::open_pinned(path);
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map), proof);
}

template <class K, class V, class Kind>
Result<KeyedMap<K, V, Kind>> KeyedMap<K, V, Kind>::open_id(std::uint32_t id, Proof proof)
{
    auto map = Map::open_id(id);
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map), proof);
}

template <class K, class V, class Kind>
Result<KeyedMap<K, V, Kind>> KeyedMap<K, V, Kind>::create(const std::string& name, std::uint32_t max_entries,
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
auto KeyedMap<K, V, Kind>::decode(const std::byte* from) -> Value
{
    if constexpr (Kind::per_cpu) {
        const std::size_t stride = value_stride(map_.info().value_size);
        for (std::size_t cpu = 0; cpu < cpu_values_.size(); cpu++)
            cpu_values_[cpu] = codec_.decode(from + cpu * stride);
        return Value(cpu_values_);
    } else {
        return codec_.decode(from);
    }
}

template <class K, class V, class Kind>
auto KeyedMap<K, V, Kind>::lookup(const K& key) -> Result<std::optional<Value>>
{
    if constexpr (!Kind::per_cpu) {
        if (codec_.is_direct()) { // straight to where it is wanted
            V value;
            const auto found = map_.lookup(bytes_of(key), mutable_bytes_of(value));
            if (!found)
                return std::unexpected(found.error());
            if (!*found)
                return std::nullopt;
            return value;
        }
    }
    const auto found = map_.lookup(bytes_of(key), value_);
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return std::nullopt;
    return decode(value_.data());
}

template <class K, class V, class Kind>
auto KeyedMap<K, V, Kind>::take(const K& key) -> Result<std::optional<Value>>
{
    const auto found = map_.lookup_and_erase(bytes_of(key), value_);
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return std::nullopt;
    return decode(value_.data());
}

template <class K, class V, class Kind>
Result<> KeyedMap<K, V, Kind>::update(const K& key, const V& value, Update mode)
{
    if (!codec_.is_direct())
        return std::unexpected(detail::cannot_write(map_));
    if constexpr (Kind::per_cpu) {
        const std::size_t stride = value_stride(map_.info().value_size);
        for (std::size_t cpu = 0; cpu < cpu_values_.size(); cpu++)
            std::memcpy(value_.data() + cpu * stride, &value, sizeof(V));
        return map_.update(bytes_of(key), value_, mode);
    } else {
        return map_.update(bytes_of(key), bytes_of(value), mode);
    }
}

template <class K, class V, class Kind>
void KeyedMap<K, V, Kind>::make_room(std::uint32_t entries)
{
    room_ = entries;
    batch_keys_.resize(std::size_t{entries} * sizeof(K));
    batch_values_.resize(entries * map_.lookup_size());
}

template <class K, class V, class Kind>
template <class Visit>
bool KeyedMap<K, V, Kind>::visit_entry(Visit& visit, const std::byte* key, const std::byte* value)
{
    K typed_key;
    std::memcpy(&typed_key, key, sizeof(K));
    if constexpr (std::is_same_v<std::invoke_result_t<Visit&, const K&, const Value&>, bool>) {
        return visit(typed_key, decode(value));
    } else {
        visit(typed_key, decode(value));
        return true;
    }
}

template <class K, class V, class Kind>
template <std::invocable<const K&, const typename KeyedMap<K, V, Kind>::Value&> Visit>
Result<> KeyedMap<K, V, Kind>::for_each(Visit visit)
{
    if constexpr (!Kind::batches)
        return walk(visit);
    if (room_ == 0)
        make_room(std::min(detail::first_room, capacity()));
    for (bool from_start = true;;) {
        const auto batch = map_.lookup_batch(cursor_, from_start, batch_keys_, batch_values_, room_);
        if (!batch && batch.error().error_number == ENOSPC && room_ < capacity()) {
            make_room(std::min(room_ * 2, capacity())); // a bucket that holds more: from the same place again
            continue;
        }
        if (!batch && batch.error().kind == ErrorKind::unsupported && from_start)
            return walk(visit);
        if (!batch)
            return std::unexpected(batch.error());
        for (std::uint32_t i = 0; i < batch->count; i++)
            if (!visit_entry(visit, batch_keys_.data() + i * sizeof(K),
                             batch_values_.data() + i * map_.lookup_size()))
                return {};
        if (batch->is_last)
            return {};
        from_start = false;
    }
}

template <class K, class V, class Kind>
template <class Visit>
Result<> KeyedMap<K, V, Kind>::walk(Visit& visit)
{
    K key;
    auto more = map_.next_key({}, mutable_bytes_of(key));
    // A key that is erased under the walk leads back to the start, as often as that happens.
    const std::uint64_t most_steps = 16 + std::uint64_t{capacity()} * 8;
    for (std::uint64_t step = 0; step < most_steps; step++) {
        if (!more)
            return std::unexpected(more.error());
        if (!*more)
            return {};
        // Asked for before the visit, which may erase this one.
        K next;
        more = map_.next_key(bytes_of(key), mutable_bytes_of(next));
        const auto found = map_.lookup(bytes_of(key), value_);
        if (!found)
            return std::unexpected(found.error());
        if (*found && !visit_entry(visit, bytes_of(key).data(), value_.data()))
            return {};
        key = next;
    }
    return std::unexpected(detail::endless_walk(map_));
}

template <class K, class V, class Kind>
Result<> KeyedMap<K, V, Kind>::update_all(std::span<const K> keys, std::span<const V> values, Update mode)
    requires(!Kind::per_cpu)
{
    if (keys.size() != values.size())
        return std::unexpected(detail::unequal_counts(map_));
    if (!codec_.is_direct())
        return std::unexpected(detail::cannot_write(map_));
    std::uint32_t done = 0;
    const auto written = map_.update_batch(std::as_bytes(keys), std::as_bytes(values),
                                           static_cast<std::uint32_t>(keys.size()), mode, done);
    if (written || written.error().kind != ErrorKind::unsupported)
        return written;
    for (std::size_t i = done; i < keys.size(); i++)
        BPFXX_TRY(map_.update(bytes_of(keys[i]), bytes_of(values[i]), mode));
    return {};
}

template <class K, class V, class Kind>
Result<std::uint32_t> KeyedMap<K, V, Kind>::erase_all(std::span<const K> keys)
{
    std::uint32_t erased = 0;
    while (!keys.empty()) {
        std::uint32_t done = 0;
        const auto result =
            map_.erase_batch(std::as_bytes(keys), static_cast<std::uint32_t>(keys.size()), done);
        erased += done;
        keys = keys.subspan(done);
        if (result || keys.empty())
            continue;
        if (result.error().kind != ErrorKind::not_found && result.error().kind != ErrorKind::unsupported)
            return std::unexpected(result.error());
        // The one that the batch stopped at, or each of them where there are no batches.
        const auto one = erase(keys.front());
        if (!one)
            return std::unexpected(one.error());
        erased += *one ? 1 : 0;
        keys = keys.subspan(1);
    }
    return erased;
}

} // namespace bpfxx
