// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <utility>
#include <variant>

#include "bpfxx/array_map.hpp"
#include "bpfxx/mapped_array.hpp"

namespace bpfxx {

/// Counters in slots: an array map of V in which each CPU, or each entry, counts for itself, and whose value is the
/// sum over all slots. The map may be an mmapable array, which is mapped; a plain array; or a per-CPU array. Not
/// thread-safe, unless it is mapped.
/// @tparam V a type described by BPFXX_DESCRIBE and made of unsigned 64-bit integers alone
template <class V>
class CounterArray : public OpensMaps<CounterArray<V>> {
public:
    /// Errors: as Map::check_value, and incompatible where the map is no array.
    [[nodiscard]] static Result<CounterArray> open(Map map, Proof proof = Proof::btf);

    /// The sum over all slots; what was in it is overwritten. No system call where it is mapped, else one for each
    /// entry. Errors: as lookup() of the map; the sum is then not whole.
    [[nodiscard]] Result<> sum_to(V& sum);
    /// The same. Errors: as sum_to().
    [[nodiscard]] Result<V> sum();

    /// The mapping; none where the map is read by system call.
    [[nodiscard]] const MappedArray<V>* mapped() const noexcept { return std::get_if<MappedArray<V>>(&map_); }
    /// The comparison by which the map was opened, of layout_report.hpp; null where only the size was compared. Borrowed.
    [[nodiscard]] const LayoutReport* layout() const noexcept
    {
        return std::visit([](const auto& map) { return map.layout(); }, map_);
    }

private:
    using AnyArray = std::variant<MappedArray<V>, ArrayMap<V>, PerCpuArrayMap<V>>;
    explicit CounterArray(AnyArray map) : map_(std::move(map)) {}

    template <class Opened>
    [[nodiscard]] static Result<CounterArray> wrap(Result<Opened> opened)
    {
        if (!opened)
            return std::unexpected(std::move(opened).error());
        return CounterArray(AnyArray(std::move(*opened)));
    }

    [[nodiscard]] static Result<> sum_of(V& sum, const MappedArray<V>& map);
    [[nodiscard]] static Result<> sum_of(V& sum, ArrayMap<V>& map);
    [[nodiscard]] static Result<> sum_of(V& sum, PerCpuArrayMap<V>& map);

    AnyArray map_;
};

// Details.

namespace detail {

/// Whether map_read_only() can succeed: it is an mmapable array, and was opened to be written too. The kernel maps no
/// descriptor that may only read; such a map is read by lookups.
[[nodiscard]] bool can_be_mapped(const Map& map);

} // namespace detail

template <class V>
Result<CounterArray<V>> CounterArray<V>::open(Map map, Proof proof)
{
    static_assert(is_made_of_u64(shape<V>));
    if (detail::can_be_mapped(map))
        return wrap(MappedArray<V>::open(std::move(map), proof));
    if (map.info().is_per_cpu_array())
        return wrap(PerCpuArrayMap<V>::open(std::move(map), proof));
    return wrap(ArrayMap<V>::open(std::move(map), proof));
}

template <class V>
Result<> CounterArray<V>::sum_to(V& sum)
{
    return std::visit([&](auto& map) { return sum_of(sum, map); }, map_);
}

template <class V>
Result<V> CounterArray<V>::sum()
{
    V sum{};
    BPFXX_TRY(sum_to(sum));
    return sum;
}

template <class V>
Result<> CounterArray<V>::sum_of(V& sum, const MappedArray<V>& map)
{
    map.sum_to(sum);
    return {};
}

template <class V>
Result<> CounterArray<V>::sum_of(V& sum, ArrayMap<V>& map)
{
    sum = {};
    for (std::uint32_t slot = 0; slot < map.size(); slot++) {
        const auto value = map.lookup(slot);
        if (!value)
            return std::unexpected(value.error());
        add_words(sum, *value);
    }
    return {};
}

template <class V>
Result<> CounterArray<V>::sum_of(V& sum, PerCpuArrayMap<V>& map)
{
    sum = {};
    for (std::uint32_t entry = 0; entry < map.size(); entry++) {
        const auto values = map.lookup(entry);
        if (!values)
            return std::unexpected(values.error());
        for (const V& value : *values)
            add_words(sum, value);
    }
    return {};
}

} // namespace bpfxx
