// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <type_traits>

#include "bpfxx/keyed_map.hpp"

namespace bpfxx {

/// An array read and written by system call. Owns its descriptor. Not thread-safe: reading uses buffers, which are
/// kept, so that nothing is allocated from the second reading on. Two objects on the same map may be used by two
/// threads.
/// @tparam V described by BPFXX_DESCRIBE, or an integer; where the map's differs, but has every field, it is read by
///     projection
/// @tparam Kind see the aliases below
template <class V, class Kind>
class AnyArrayMap : public OpensMaps<AnyArrayMap<V, Kind>> {
public:
    /// What a lookup gives: V, or the values of all CPUs, borrowed until the next use of the map.
    using Value = std::conditional_t<Kind::per_cpu, PerCpu<V>, V>;

    /// Errors: as Map::check_value; incompatible where the map is of another kind.
    [[nodiscard]] static Result<AnyArrayMap> open(Map map, Proof proof = Proof::btf)
    {
        return wrap(Entries::open(std::move(map), proof));
    }
    /// Makes a map, with BTF of V. @param name at most 15 characters @param size entries, zero at first
    /// @param flags of the kernel's, BPF_F_*: BPF_F_MMAPABLE for a MappedArray
    [[nodiscard]] static Result<AnyArrayMap> create(Text name, std::uint32_t size, std::uint32_t flags = 0)
    {
        return wrap(Entries::create(name, size, flags));
    }

    /// Entries.
    [[nodiscard]] std::uint32_t size() const noexcept { return entries_.capacity(); }
    /// One system call. Errors: not_found beyond the last entry.
    [[nodiscard]] Result<Value> lookup(std::uint32_t index);
    /// In a per-CPU array the value of every CPU is set. Errors: system with E2BIG beyond the last entry; incompatible
    /// where V is read by projection.
    [[nodiscard]] Result<> update(std::uint32_t index, const V& value)
    {
        return entries_.update(index, value);
    }
    /// Sets each CPU's own value. Errors: as above; invalid where there is not one for each possible CPU.
    [[nodiscard]] Result<> update(std::uint32_t index, View<const V> cpu_values)
        requires(Kind::per_cpu)
    {
        return entries_.update(index, cpu_values);
    }
    /// Calls visit(index, value) for each entry; where visit returns bool, false ends it. Reads in batches (kernel
    /// 5.6 for arrays, 5.13 for per-CPU ones), or else entry by entry.
    template <class Visit>
        requires std::is_invocable_v<Visit&, const std::uint32_t&, const Value&>
    [[nodiscard]] Result<> for_each(Visit visit)
    {
        return entries_.for_each(std::move(visit));
    }
    /// The comparison of the values, of layout_report.hpp; null where only the size was compared. Borrowed.
    [[nodiscard]] const LayoutReport* layout() const noexcept { return entries_.layout(); }
    /// The map without its types. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return entries_.map(); }

private:
    using Entries = KeyedMap<std::uint32_t, V, Kind>;
    explicit AnyArrayMap(Entries entries) : entries_(std::move(entries)) {}
    [[nodiscard]] static Result<AnyArrayMap> wrap(Result<Entries> entries)
    {
        if (!entries)
            return std::unexpected(std::move(entries).error());
        return AnyArrayMap(std::move(*entries));
    }
    Entries entries_;
};

/// BPF_MAP_TYPE_ARRAY.
template <class V>
using ArrayMap = AnyArrayMap<V, MapKind<2, false>>;
/// BPF_MAP_TYPE_PERCPU_ARRAY.
template <class V>
using PerCpuArrayMap = AnyArrayMap<V, MapKind<6, true>>;

// Details.

template <class V, class Kind>
auto AnyArrayMap<V, Kind>::lookup(std::uint32_t index) -> Result<Value>
{
    auto found = entries_.lookup(index);
    if (!found)
        return std::unexpected(std::move(found).error());
    if (const auto& value = *found; value)
        return *value;
    return std::unexpected(detail::no_such_entry(map(), index));
}

} // namespace bpfxx
