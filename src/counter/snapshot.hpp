// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "abi/xdp_counter.h"

namespace xdpstat {

/// All counters of one interface at one moment: the sums over all slots. A plain value.
struct Snapshot {
    std::chrono::steady_clock::time_point taken;      ///< for rates: never steps
    std::chrono::system_clock::time_point wall_clock; ///< for people
    std::uint32_t map_id = 0; ///< the kernel's number of stats_map, another in every instance; 0: not known
    /// Of the pin of its link: one counter keeps it, also when an upgrade gives it other maps; 0: not known.
    std::uint64_t counter_id = 0;
    pkt_stats stats{};
    bool has_breakdown = false; ///< else `traffic` is all zero
    traffic_stats traffic{};
};

/// The sum of a part of the breakdown.
using Cell = traffic_cell;

/// The cells by one of their three sides, in the order of the enums of abi/xdp_counter.h.
[[nodiscard]] std::array<Cell, TRAFFIC_NETWORK_COUNT> by_network(const traffic_stats& traffic) noexcept;
[[nodiscard]] std::array<Cell, TRAFFIC_TRANSPORT_COUNT> by_transport(const traffic_stats& traffic) noexcept;
[[nodiscard]] std::array<Cell, TRAFFIC_SIZE_COUNT> by_size(const traffic_stats& traffic) noexcept;

/// The breakdown with one side less: what a scrape asks of every interface, summed in one pass.
struct TrafficSums {
    Cell cell[TRAFFIC_NETWORK_COUNT][TRAFFIC_TRANSPORT_COUNT]; ///< of all sizes
    std::array<Cell, TRAFFIC_SIZE_COUNT> by_size;
};
[[nodiscard]] TrafficSums sums_of(const traffic_stats& traffic) noexcept;

/// The headline that the breakdown adds up to: equal to stats_map wherever the breakdown was always on.
[[nodiscard]] pkt_stats roll_up(const traffic_stats& traffic) noexcept;

/// Adds every counter of a slot to the sum.
inline void accumulate(pkt_stats& sum, const pkt_stats& slot) noexcept
{
    sum.total_packets += slot.total_packets;
    sum.total_bytes += slot.total_bytes;
    sum.icmp_packets += slot.icmp_packets;
    sum.tcp_packets += slot.tcp_packets;
    sum.udp_packets += slot.udp_packets;
    sum.other_packets += slot.other_packets;
    sum.ipv4_packets += slot.ipv4_packets;
    sum.ipv6_packets += slot.ipv6_packets;
}
void accumulate(traffic_stats& sum, const traffic_stats& slot) noexcept;

/// All counters as a row, for code that treats them alike: the fields of pkt_stats in order.
[[nodiscard]] inline std::span<const __u64, sizeof(pkt_stats) / sizeof(__u64)>
counters(const pkt_stats& stats) noexcept
{
    return std::span<const __u64, sizeof(pkt_stats) / sizeof(__u64)>(&stats.total_packets,
                                                                     sizeof(pkt_stats) / sizeof(__u64));
}

/// The frames that are counted in a class: all of them, but for those of which a CPU is just counting.
[[nodiscard]] inline __u64 classified(const pkt_stats& stats) noexcept
{
    return stats.icmp_packets + stats.tcp_packets + stats.udp_packets + stats.other_packets;
}

/// Whether total = icmp + tcp + udp + other, as it always holds of a slot that no CPU is just writing.
[[nodiscard]] inline bool is_whole(const pkt_stats& stats) noexcept
{
    return stats.total_packets == classified(stats);
}

} // namespace xdpstat
