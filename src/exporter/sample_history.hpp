// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "view/history_json.hpp"
#include "view/metrics.hpp"

namespace xdpstat {

/// The last 15 minutes of each interface, a row a second. Memory is bounded: a ring for each of at most
/// `most_interfaces`, about 340 KiB each. Not thread-safe.
class SampleHistory {
public:
    static constexpr std::size_t rows = 900;
    static constexpr std::size_t most_interfaces = 64;

    /// Takes a row of each interface that was read. An interface that had none for as long as the history reaches back is
    /// forgotten, and where there is no room for another, the one that went first.
    void add(std::span<const InterfaceScrape> interfaces, std::int64_t now);

    /// All of them, or those named. Borrows: valid until the next add().
    [[nodiscard]] std::vector<HistoryOf> all(std::span<const std::string> named) const;

private:
    struct Ring {
        std::string interface;
        std::vector<HistoryRow> memory; ///< room for `rows` of them, reserved at once
        std::size_t next = 0;           ///< where the next one goes once it is full

        void add(const HistoryRow& row);
        [[nodiscard]] std::int64_t latest() const noexcept;
    };
    [[nodiscard]] Ring* ring_of(const std::string& interface, std::int64_t now);

    std::vector<Ring> rings_;
};

} // namespace xdpstat
