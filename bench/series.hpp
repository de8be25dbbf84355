// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xdpstat::bench {

/// One figure over all rounds.
class Series {
public:
    void add(double value) { values_.push_back(value); }
    /// At least one value was added.
    [[nodiscard]] double median() const
    {
        std::vector<double> sorted = values_;
        std::ranges::sort(sorted);
        const std::size_t half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
    /// At least one value was added.
    [[nodiscard]] double minimum() const { return *std::ranges::min_element(values_); }

private:
    std::vector<double> values_;
};

} // namespace xdpstat::bench
