// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <type_traits>

#include "bpfxx/layout.hpp"
#include "bpfxx/view.hpp"

namespace bpfxx {

namespace detail {

/// The part of a value that a pointer to a member names, or a function gives.
template <class V, class Field>
[[nodiscard]] constexpr decltype(auto) part_of(const V& value, Field& field)
{
    if constexpr (std::is_member_function_pointer_v<Field>)
        return (value.*field)();
    else if constexpr (std::is_member_object_pointer_v<Field>)
        return (value.*field); // in brackets: by reference
    else
        return field(value);
}

} // namespace detail

/// The values of one entry of a per-CPU map, one for each possible CPU, in the order of their numbers. Borrowed: valid
/// until the map that gave it is used again. A range.
template <class V>
class PerCpu {
public:
    /// Borrows the values.
    explicit PerCpu(View<const V> values) noexcept : values_(values) {}

    /// Possible CPUs.
    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
    /// The value of one CPU. @param cpu below size(): it is not checked
    [[nodiscard]] const V& operator[](std::size_t cpu) const noexcept { return values_[cpu]; }
    /// The value of the first CPU.
    [[nodiscard]] auto begin() const noexcept { return values_.begin(); }
    /// Behind that of the last.
    [[nodiscard]] auto end() const noexcept { return values_.end(); }

    /// The sum over all CPUs: word by word, where V is made of unsigned 64-bit integers alone; else where it is a number.
    [[nodiscard]] V sum() const noexcept
    {
        V total{};
        for (const V& value : values_) {
            if constexpr (is_made_of_u64(shape<V>))
                add_words(total, value);
            else
                total = static_cast<V>(total + value);
        }
        return total;
    }
    /// The largest number.
    [[nodiscard]] V max() const
    {
        return max([](const V& value) { return value; });
    }
    /// The largest value of a field, or of a function of the value: `flows.max(&FlowStats::packets)`.
    template <class Field>
    [[nodiscard]] auto max(Field field) const
    {
        return best(field, [](const auto& part, const auto& most) { return most < part; });
    }
    /// The smallest number.
    [[nodiscard]] V min() const
    {
        return min([](const V& value) { return value; });
    }
    /// Likewise the smallest.
    template <class Field>
    [[nodiscard]] auto min(Field field) const
    {
        return best(field, [](const auto& part, const auto& least) { return part < least; });
    }
    /// Calls visit(cpu, value) for each possible CPU in order.
    template <class Visit>
    void for_each(Visit visit) const
    {
        for (std::size_t cpu = 0; cpu < values_.size(); cpu++)
            visit(cpu, values_[cpu]);
    }

private:
    template <class Field, class Better>
    [[nodiscard]] auto best(Field& field, Better is_better) const
    {
        std::remove_cvref_t<decltype(detail::part_of(values_[0], field))> found =
            detail::part_of(values_[0], field);
        for (const V& value : values_)
            if (is_better(detail::part_of(value, field), found))
                found = detail::part_of(value, field);
        return found;
    }
    View<const V> values_;
};

} // namespace bpfxx
