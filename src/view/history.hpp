// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "counter/rates.hpp"

namespace xdpstat {

/// The rates of the last minutes, in a ring of constant size. Samples shorter than half a second share an entry, so
/// that the ring spans at least five minutes however often they come.
class History {
public:
    static constexpr std::size_t capacity = 600;
    static constexpr double shortest_entry = 0.5; ///< seconds

    void add(const Rates& rates);

    /// Packets per second, the newest last, in at most `columns` values: each the largest of its part of the
    /// history, so that a short burst is seen however narrow the screen.
    [[nodiscard]] std::vector<double> packet_rates(std::size_t columns) const;
    /// The same in bytes per second.
    [[nodiscard]] std::vector<double> byte_rates(std::size_t columns) const;
    /// The time that all of it spans.
    [[nodiscard]] std::chrono::seconds span() const;

private:
    struct Entry {
        double seconds = 0;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };

    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] std::size_t entries_of_a_column(std::size_t columns) const noexcept;
    [[nodiscard]] std::vector<double> rates_of(std::uint64_t Entry::* counter, std::size_t columns) const;

    std::array<Entry, capacity> entries_{};
    std::uint64_t next_ = 0; ///< counts all entries ever begun; its remainder is a place in the ring
};

} // namespace xdpstat
