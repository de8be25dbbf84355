// SPDX-License-Identifier: BSD-2-Clause
#include "view/history.hpp"

#include <algorithm>
#include <cmath>

namespace xdpstat {

void History::add(const Rates& rates)
{
    if (rates.seconds <= 0)
        return;
    const bool join =
        next_ > 0 && entries_.at((next_ - 1) % capacity).seconds + rates.seconds / 2 < shortest_entry;
    if (!join)
        entries_.at(next_++ % capacity) = {};
    Entry& entry = entries_.at((next_ - 1) % capacity);
    entry.seconds += rates.seconds;
    entry.packets += rates.stats.total_packets;
    entry.bytes += rates.stats.total_bytes;
}

std::size_t History::size() const noexcept
{
    return static_cast<std::size_t>(std::min<std::uint64_t>(next_, capacity));
}

std::size_t History::entries_of_a_column(std::size_t columns) const noexcept
{
    return std::max<std::size_t>(1, (size() + columns - 1) / columns);
}

std::vector<double> History::rates_of(std::uint64_t Entry::* counter, std::size_t columns) const
{
    std::vector<double> values;
    if (columns == 0 || next_ == 0)
        return values;
    const std::size_t step = entries_of_a_column(columns);
    // Columns begin at whole multiples of the step since the start: what is drawn moves and does not flicker.
    for (std::uint64_t i = next_ - size(); i < next_; i++) {
        if (values.empty() || i % step == 0)
            values.push_back(0);
        const Entry& entry = entries_.at(i % capacity);
        values.back() = std::max(values.back(), static_cast<double>(entry.*counter) / entry.seconds);
    }
    if (values.size() > columns)
        values.erase(values.begin());
    return values;
}

std::vector<double> History::packet_rates(std::size_t columns) const
{
    return rates_of(&Entry::packets, columns);
}

std::vector<double> History::byte_rates(std::size_t columns) const
{
    return rates_of(&Entry::bytes, columns);
}

std::chrono::seconds History::span() const
{
    double seconds = 0;
    for (std::uint64_t i = next_ - size(); i < next_; i++)
        seconds += entries_.at(i % capacity).seconds;
    return std::chrono::seconds(std::llround(seconds));
}

} // namespace xdpstat
