// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <span>

#include "bpfxx/layout.hpp"

namespace bpfxx {

/// The values of one entry of a per-CPU map, one for each possible CPU, in the order of their numbers. Borrowed: valid
/// until the map that gave it is used again. A range.
template <class V>
class PerCpu {
public:
    /// Borrows the values.
    explicit PerCpu(std::span<const V> values) noexcept : values_(values) {}

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
    /// The largest, of numbers.
    [[nodiscard]] V max() const noexcept { return *std::ranges::max_element(values_); }
    /// The smallest, of numbers.
    [[nodiscard]] V min() const noexcept { return *std::ranges::min_element(values_); }

private:
    std::span<const V> values_;
};

} // namespace bpfxx
