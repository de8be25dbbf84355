// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpfxx/cpus.hpp"
#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "bpfxx/layout.hpp"

namespace bpfxx {

/// What the kernel tells of a map. `type` and `flags` are the kernel's numbers (enum bpf_map_type, BPF_F_*).
struct MapInfo {
    std::uint32_t id = 0;
    std::uint32_t type = 0;
    std::uint32_t key_size = 0;   ///< bytes
    std::uint32_t value_size = 0; ///< bytes
    std::uint32_t max_entries = 0;
    std::uint32_t flags = 0;
    std::string name;         ///< at most 15 characters
    std::uint32_t btf_id = 0; ///< 0: the map was made without BTF
    std::uint32_t value_type_id = 0;

    /// An array that can be mapped into memory (BPF_F_MMAPABLE, kernel 5.5).
    [[nodiscard]] bool is_mmapable_array() const noexcept;
    [[nodiscard]] bool is_array() const noexcept;
    [[nodiscard]] bool is_per_cpu_array() const noexcept;
};

/// The kernel's word for a map type: "array", "percpu_hash"; "type 99" where this library knows none.
[[nodiscard]] std::string map_type_name(std::uint32_t type);

/// How a value's layout may be taken for proved.
enum class Proof {
    btf,  ///< only by the map's BTF: what cannot be compared is refused
    size, ///< by its size alone where the BTF is missing or may not be read: on request only
};

/// A map without a C++ type: a descriptor and what the kernel tells of it. Owns its descriptor.
class Map {
public:
    /// Errors: not_found, permission, incompatible where the pin is no map.
    [[nodiscard]] static Result<Map> open_pinned(const std::string& path);
    /// Errors: not_found, permission (CAP_SYS_ADMIN is needed).
    [[nodiscard]] static Result<Map> open_id(std::uint32_t id);
    /// Takes ownership of a map's descriptor.
    [[nodiscard]] static Result<Map> from_fd(Fd fd);

    [[nodiscard]] const MapInfo& info() const noexcept { return info_; }
    /// "map 'NAME' (id N)" for messages.
    [[nodiscard]] std::string label() const;
    /// Borrowed.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// Compares the value's BTF with a C++ type. Empty: the map has no BTF, or it may not be read
    /// (CAP_SYS_ADMIN is needed) and Proof::size allows for that; then the sizes are equal.
    /// Errors: incompatible, with the table of all differences in `detail`; permission.
    [[nodiscard]] Result<std::optional<LayoutReport>> check_value(const Shape& wanted, Proof proof) const;

    /// One lookup by system call into `value`. A per-CPU map fills a value for each possible CPU, each rounded up to
    /// 8 bytes. @param value at least that long; nothing is written beyond it. Errors: not_found.
    [[nodiscard]] Result<> lookup(std::uint32_t index, std::span<std::byte> value) const;
    /// Errors: permission on a frozen map.
    [[nodiscard]] Result<> update(std::uint32_t index, std::span<const std::byte> value) const;

    /// Maps the values read-only. Errors: unsupported where the map is not mmapable.
    [[nodiscard]] Result<Mapping> map_read_only() const;

private:
    Map(Fd fd, MapInfo info) noexcept : fd_(std::move(fd)), info_(std::move(info)) {}
    Fd fd_;
    MapInfo info_;
};

/// Bytes between two values of an array in memory, and between two CPUs' values in a lookup.
[[nodiscard]] constexpr std::uint32_t value_stride(std::uint32_t value_size) noexcept
{
    return (value_size + 7) / 8 * 8;
}

/// Copies the fields that a C++ type wants out of a map's value.
inline void project(std::span<const Copy> projection, const std::byte* from, void* to) noexcept
{
    for (const Copy& copy : projection)
        std::memcpy(static_cast<std::byte*>(to) + copy.to, from + copy.from, copy.size);
}

/// A BPF_MAP_TYPE_ARRAY of V, read and written by system call. Not thread-safe: reading uses a buffer.
/// @tparam V a type described by BPFXX_DESCRIBE, or an integer
template <class V>
class ArrayMap {
public:
    /// Errors: as Map::check_value, and incompatible where the map is no array.
    [[nodiscard]] static Result<ArrayMap> open(Map map, Proof proof = Proof::btf);
    [[nodiscard]] static Result<ArrayMap> open_pinned(const std::string& path, Proof proof = Proof::btf);

    [[nodiscard]] std::uint32_t size() const noexcept { return map_.info().max_entries; }
    /// One system call. Errors: not_found beyond the last entry.
    [[nodiscard]] Result<V> lookup(std::uint32_t index);
    /// Only where the layout is the same. Errors: incompatible where it is read by projection.
    [[nodiscard]] Result<> update(std::uint32_t index, const V& value);
    /// The comparison by which the map was opened; empty where only the size was compared.
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return layout_; }
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    ArrayMap(Map map, std::optional<LayoutReport> layout);
    Map map_;
    std::optional<LayoutReport> layout_;
    std::vector<Copy> projection_;
    std::vector<std::byte> buffer_;
};

/// A BPF_MAP_TYPE_PERCPU_ARRAY of V. Not thread-safe: reading uses a buffer.
template <class V>
class PerCpuArrayMap {
public:
    /// Errors: as Map::check_value, and incompatible where the map is no per-CPU array.
    [[nodiscard]] static Result<PerCpuArrayMap> open(Map map, Proof proof = Proof::btf);
    [[nodiscard]] static Result<PerCpuArrayMap> open_pinned(const std::string& path,
                                                            Proof proof = Proof::btf);

    [[nodiscard]] std::uint32_t size() const noexcept { return map_.info().max_entries; }
    /// The values of one entry, one for each possible CPU; valid until the next lookup. One system call.
    [[nodiscard]] Result<std::span<const V>> lookup(std::uint32_t index);
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return layout_; }
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    PerCpuArrayMap(Map map, std::optional<LayoutReport> layout, std::uint32_t cpus);
    Map map_;
    std::optional<LayoutReport> layout_;
    std::vector<Copy> projection_;
    std::vector<std::byte> buffer_;
    std::vector<V> values_;
};

// Details.

namespace detail {

/// The error of a map opened as a kind that it is not.
[[nodiscard]] Error wrong_map_type(const Map& map, std::string_view wanted);

/// How to read a value whose layout was checked.
[[nodiscard]] std::vector<Copy> projection_of(const std::optional<LayoutReport>& layout, std::uint32_t size);

} // namespace detail

template <class V>
ArrayMap<V>::ArrayMap(Map map, std::optional<LayoutReport> layout)
    : map_(std::move(map)), layout_(std::move(layout)),
      projection_(detail::projection_of(layout_, sizeof(V))), buffer_(value_stride(map_.info().value_size))
{
}

template <class V>
Result<ArrayMap<V>> ArrayMap<V>::open(Map map, Proof proof)
{
    if (!map.info().is_array())
        return std::unexpected(detail::wrong_map_type(map, "array"));
    auto layout = map.check_value(shape<V>, proof);
    if (!layout)
        return std::unexpected(std::move(layout).error());
    return ArrayMap(std::move(map), std::move(*layout));
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
    BPFXX_TRY(map_.lookup(index, buffer_));
    V value{};
    project(projection_, buffer_.data(), &value);
    return value;
}

template <class V>
Result<> ArrayMap<V>::update(std::uint32_t index, const V& value)
{
    if (map_.info().value_size != sizeof(V) || (layout_ && layout_->outcome != Outcome::same))
        return std::unexpected(make_error(ErrorKind::incompatible, "write", map_.label(),
                                          "its layout differs from the C++ type's"));
    return map_.update(index, std::as_bytes(std::span(&value, 1)));
}

template <class V>
PerCpuArrayMap<V>::PerCpuArrayMap(Map map, std::optional<LayoutReport> layout, std::uint32_t cpus)
    : map_(std::move(map)), layout_(std::move(layout)),
      projection_(detail::projection_of(layout_, sizeof(V))),
      buffer_(std::size_t{value_stride(map_.info().value_size)} * cpus), values_(cpus)
{
}

template <class V>
Result<PerCpuArrayMap<V>> PerCpuArrayMap<V>::open(Map map, Proof proof)
{
    if (!map.info().is_per_cpu_array())
        return std::unexpected(detail::wrong_map_type(map, "percpu_array"));
    auto layout = map.check_value(shape<V>, proof);
    if (!layout)
        return std::unexpected(std::move(layout).error());
    auto cpus = possible_cpus();
    if (!cpus)
        return std::unexpected(std::move(cpus).error());
    return PerCpuArrayMap(std::move(map), std::move(*layout), cpus->count);
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
    BPFXX_TRY(map_.lookup(index, buffer_));
    const std::size_t stride = value_stride(map_.info().value_size);
    for (std::size_t cpu = 0; cpu < values_.size(); cpu++)
        project(projection_, buffer_.data() + cpu * stride, &values_[cpu]);
    return std::span<const V>(values_);
}

} // namespace bpfxx
