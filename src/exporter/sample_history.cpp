// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/sample_history.hpp"

#include <algorithm>

namespace xdpstat {

namespace {

constexpr std::int64_t reach = static_cast<std::int64_t>(SampleHistory::rows) * 1000; ///< milliseconds
constexpr std::int64_t gone_after = 3000; ///< milliseconds without a row

} // namespace

SampleHistory::Kept* SampleHistory::kept_of(const std::string& interface, std::int64_t now)
{
    const auto found = std::ranges::find(kept_, interface, &Kept::interface);
    if (found != kept_.end())
        return &*found;
    if (kept_.size() >= most_interfaces) {
        // One that is gone makes room for one that is there.
        const auto oldest = std::ranges::min_element(kept_, {}, &Kept::latest);
        if (oldest->latest() >= now - gone_after)
            return nullptr;
        *oldest = Kept{.interface = interface};
        return &*oldest;
    }
    return &kept_.emplace_back(Kept{.interface = interface});
}

void SampleHistory::add(std::span<const InterfaceScrape> interfaces, std::int64_t now)
{
    std::erase_if(kept_, [&](const Kept& kept) { return kept.latest() < now - reach; });
    for (const InterfaceScrape& interface : interfaces)
        if (interface.up() && interface.snapshot)
            if (Kept* kept = kept_of(interface.interface, now))
                kept->log.add(history_row(*interface.snapshot));
    std::ranges::sort(kept_, {}, &Kept::interface);
}

std::vector<HistoryOf> SampleHistory::all(std::span<const std::string> named) const
{
    std::vector<HistoryOf> result;
    for (const Kept& kept : kept_)
        if (named.empty() || std::ranges::find(named, kept.interface) != named.end())
            result.push_back({kept.interface, kept.log.rows()});
    return result;
}

} // namespace xdpstat
