// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/sample_history.hpp"

#include <algorithm>
#include <utility>

namespace xdpstat {

namespace {

constexpr std::int64_t reach = static_cast<std::int64_t>(SampleHistory::rows) * 1000; ///< milliseconds
constexpr std::int64_t gone_after = 3000; ///< milliseconds without a row

} // namespace

void SampleHistory::Ring::add(const HistoryRow& row)
{
    if (memory.size() < rows) {
        memory.push_back(row);
        return;
    }
    memory[next] = row;
    next = (next + 1) % rows;
}

std::int64_t SampleHistory::Ring::latest() const noexcept
{
    if (memory.empty())
        return 0;
    return next == 0 ? memory.back().time : memory[next - 1].time;
}

SampleHistory::Ring* SampleHistory::ring_of(const std::string& interface, std::int64_t now)
{
    const auto found = std::ranges::find(rings_, interface, &Ring::interface);
    if (found != rings_.end())
        return &*found;
    if (rings_.size() >= most_interfaces) {
        // One that is gone makes room for one that is there.
        const auto oldest = std::ranges::min_element(rings_, {}, &Ring::latest);
        if (oldest->latest() >= now - gone_after)
            return nullptr;
        *oldest = Ring{.interface = interface, .memory = std::move(oldest->memory), .next = 0};
        oldest->memory.clear();
        return &*oldest;
    }
    // Reserved, not written to: what no row has used yet takes no memory.
    Ring& ring = rings_.emplace_back();
    ring.interface = interface;
    ring.memory.reserve(rows);
    return &ring;
}

void SampleHistory::add(std::span<const InterfaceScrape> interfaces, std::int64_t now)
{
    std::erase_if(rings_, [&](const Ring& ring) { return ring.latest() < now - reach; });
    for (const InterfaceScrape& interface : interfaces)
        if (interface.up() && interface.snapshot)
            if (Ring* ring = ring_of(interface.interface, now))
                ring->add(history_row(*interface.snapshot));
    std::ranges::sort(rings_, {}, &Ring::interface);
}

std::vector<HistoryOf> SampleHistory::all(std::span<const std::string> named) const
{
    std::vector<HistoryOf> result;
    for (const Ring& ring : rings_) {
        if (!named.empty() && std::ranges::find(named, ring.interface) == named.end())
            continue;
        const std::span<const HistoryRow> memory(ring.memory);
        result.push_back({ring.interface, memory.subspan(ring.next), memory.first(ring.next)});
    }
    return result;
}

} // namespace xdpstat
