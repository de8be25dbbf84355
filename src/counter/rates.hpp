// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "counter/snapshot.hpp"

namespace xdpstat {

/// What was counted between two snapshots of one interface.
struct Rates {
    double seconds = 0; ///< between the two, on the steady clock; 0: no rate can be told
    /// The counter was attached anew, and all since then is counted: it has another map, or went backwards.
    bool new_instance = false;
    pkt_stats stats{};       ///< differences
    traffic_stats traffic{}; ///< differences

    /// A difference per second; 0 where no time passed.
    [[nodiscard]] double per_second(__u64 difference) const noexcept
    {
        return seconds > 0 ? static_cast<double>(difference) / seconds : 0;
    }
};

/// Pure; steps of the wall clock do not matter. Snapshots in the wrong order give `seconds` 0.
[[nodiscard]] Rates rates(const Snapshot& older, const Snapshot& newer) noexcept;

} // namespace xdpstat
