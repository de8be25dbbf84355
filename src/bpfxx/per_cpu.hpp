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
    explicit PerCpu(std::span<const V> values) noexcept : values_(values) {}

    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
    [[nodiscard]] const V& operator[](std::size_t cpu) const noexcept { return values_[cpu]; }
    [[nodiscard]] auto begin() const noexcept { return values_.begin(); }
    [[nodiscard]] auto end() const noexcept { return values_.end(); }

    /// Word by word, where V is made of unsigned 64-bit integers alone; else where it is a number.
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
    /// Of numbers.
    [[nodiscard]] V max() const noexcept { return *std::ranges::max_element(values_); }
    [[nodiscard]] V min() const noexcept { return *std::ranges::min_element(values_); }

private:
    std::span<const V> values_;
};

} // namespace bpfxx
