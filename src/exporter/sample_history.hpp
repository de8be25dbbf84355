// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exporter/row_log.hpp"
#include "view/history_json.hpp"
#include "view/metrics.hpp"

namespace xdpstat {

/// The last 15 minutes of each interface, a row a second. Memory is bounded: of at most `most_interfaces`, for each what
/// RowLog takes for `rows`. Not thread-safe.
class SampleHistory {
public:
    static constexpr std::size_t rows = 900;
    static constexpr std::size_t most_interfaces = 64;

    /// Takes a row of each interface that was read. An interface that had none for as long as the history reaches back is
    /// forgotten, and where there is no room for another, the one that went first.
    void add(std::span<const InterfaceScrape> interfaces, std::int64_t now);

    /// All of them, or those named. Borrows the names: valid until the next add().
    [[nodiscard]] std::vector<HistoryOf> all(std::span<const std::string> named) const;

private:
    struct Kept {
        std::string interface;
        RowLog log{rows};

        [[nodiscard]] std::int64_t latest() const noexcept { return log.latest(); }
    };
    [[nodiscard]] Kept* kept_of(const std::string& interface, std::int64_t now);

    std::vector<Kept> kept_;
};

} // namespace xdpstat
