// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/codec.hpp"
#include "bpfxx/map.hpp"

namespace bpfxx {

/// A BPF_MAP_TYPE_ARRAY of V, read and written by system call. Not thread-safe: reading uses a buffer.
/// @tparam V a type described by BPFXX_DESCRIBE, or an integer
template <class V>
class ArrayMap {
public:
    /// Errors: as Map::check_value, and incompatible where the map is no array.
    [[nodiscard]] static Result<ArrayMap> open(Map map, Proof proof = Proof::btf);
    /// The map pinned at a path. Errors: also those of Map::open_pinned.
    [[nodiscard]] static Result<ArrayMap> open_pinned(const std::string& path, Proof proof = Proof::btf);

    /// Entries.
    [[nodiscard]] std::uint32_t size() const noexcept { return map_.info().max_entries; }
    /// One system call. Errors: not_found beyond the last entry.
    [[nodiscard]] Result<V> lookup(std::uint32_t index);
    /// Only where the layout is the same. Errors: incompatible where it is read by projection.
    [[nodiscard]] Result<> update(std::uint32_t index, const V& value);
    /// The comparison by which the map was opened; empty where only the size was compared.
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return codec_.layout(); }
    /// The map without its type. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    ArrayMap(Map map, Codec<V> codec)
        : map_(std::move(map)), codec_(std::move(codec)), buffer_(map_.lookup_size())
    {
    }
    Map map_;
    Codec<V> codec_;
    std::vector<std::byte> buffer_;
};

/// A BPF_MAP_TYPE_PERCPU_ARRAY of V. Not thread-safe: reading uses a buffer.
template <class V>
class PerCpuArrayMap {
public:
    /// Errors: as Map::check_value, and incompatible where the map is no per-CPU array.
    [[nodiscard]] static Result<PerCpuArrayMap> open(Map map, Proof proof = Proof::btf);
    /// The map pinned at a path. Errors: also those of Map::open_pinned.
    [[nodiscard]] static Result<PerCpuArrayMap> open_pinned(const std::string& path,
                                                            Proof proof = Proof::btf);

    /// Entries.
    [[nodiscard]] std::uint32_t size() const noexcept { return map_.info().max_entries; }
    /// The values of one entry, one for each possible CPU; valid until the next lookup. One system call.
    /// Errors: not_found beyond the last entry.
    [[nodiscard]] Result<std::span<const V>> lookup(std::uint32_t index);
    /// The comparison by which the map was opened; empty where only the size was compared.
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return codec_.layout(); }
    /// The map without its type. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    PerCpuArrayMap(Map map, Codec<V> codec)
        : map_(std::move(map)), codec_(std::move(codec)), buffer_(map_.lookup_size()),
          values_(map_.lookup_size() / value_stride(map_.info().value_size))
    {
    }
    Map map_;
    Codec<V> codec_;
    std::vector<std::byte> buffer_;
    std::vector<V> values_;
};

// Details.

namespace detail {

/// The error of an entry beyond the last.
[[nodiscard]] Error no_such_entry(const Map& map, std::uint32_t index);

} // namespace detail

template <class V>
Result<ArrayMap<V>> ArrayMap<V>::open(Map map, Proof proof)
{
    if (!map.info().is_array())
        return std::unexpected(detail::wrong_map_type(map, "array"));
    auto codec = Codec<V>::of_value(map, proof);
    if (!codec)
        return std::unexpected(std::move(codec).error());
    return ArrayMap(std::move(map), std::move(*codec));
}

template <class V>
Result<ArrayMap<V>> ArrayMap<V>::open_pinned(const std::string& path, Proof proof)
{
    auto map = Map::open_pinned(path);
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map), proof);
}

template <class V>
Result<V> ArrayMap<V>::lookup(std::uint32_t index)
{
    const auto found = map_.lookup(bytes_of(index), buffer_);
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return std::unexpected(detail::no_such_entry(map_, index));
    return codec_.decode(buffer_.data());
}

template <class V>
Result<> ArrayMap<V>::update(std::uint32_t index, const V& value)
{
    if (!codec_.is_direct())
        return std::unexpected(detail::cannot_write(map_));
    return map_.update(bytes_of(index), bytes_of(value));
}

template <class V>
Result<PerCpuArrayMap<V>> PerCpuArrayMap<V>::open(Map map, Proof proof)
{
    if (!map.info().is_per_cpu_array())
        return std::unexpected(detail::wrong_map_type(map, "percpu_array"));
    auto codec = Codec<V>::of_value(map, proof);
    if (!codec)
        return std::unexpected(std::move(codec).error());
    return PerCpuArrayMap(std::move(map), std::move(*codec));
}

template <class V>
Result<PerCpuArrayMap<V>> PerCpuArrayMap<V>::open_pinned(const std::string& path, Proof proof)
{
    auto map = Map::open_pinned(path);
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map), proof);
}

template <class V>
Result<std::span<const V>> PerCpuArrayMap<V>::lookup(std::uint32_t index)
{
    const auto found = map_.lookup(bytes_of(index), buffer_);
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return std::unexpected(detail::no_such_entry(map_, index));
    const std::size_t stride = value_stride(map_.info().value_size);
    for (std::size_t cpu = 0; cpu < values_.size(); cpu++)
        values_[cpu] = codec_.decode(buffer_.data() + cpu * stride);
    return std::span<const V>(values_);
}

} // namespace bpfxx
