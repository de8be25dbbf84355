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
    /// The value below which this share of all lies. At least one value was added. @param share 0 to 1
    [[nodiscard]] double quantile(double share) const
    {
        std::vector<double> sorted = values_;
        std::ranges::sort(sorted);
        return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    }
    /// At least one value was added.
    [[nodiscard]] double minimum() const { return *std::ranges::min_element(values_); }

private:
    std::vector<double> values_;
};

} // namespace xdpstat::bench
