// SPDX-License-Identifier: BSD-2-Clause
#include "counter/rates.hpp"

#include <algorithm>

namespace xdpstat {

namespace {

bool went_backwards(const pkt_stats& older, const pkt_stats& newer) noexcept
{
    return !std::ranges::equal(counters(older), counters(newer), std::ranges::less_equal{});
}

/// Whether two snapshots are known to be of two instances: a new counter may have counted more than the old one had.
/// An upgrade gives the same counter other maps, into which its counts are carried.
bool are_of_two(const Snapshot& older, const Snapshot& newer) noexcept
{
    if (older.counter_id != 0 && older.counter_id == newer.counter_id)
        return false;
    return older.map_id != 0 && newer.map_id != 0 && older.map_id != newer.map_id;
}

} // namespace

Rates rates(const Snapshot& older, const Snapshot& newer) noexcept
{
    Rates result;
    result.seconds = std::max(0.0, std::chrono::duration<double>(newer.taken - older.taken).count());
    result.stats = newer.stats;
    result.traffic = newer.traffic;
    result.new_instance = are_of_two(older, newer) || went_backwards(older.stats, newer.stats);
    if (result.new_instance)
        return result;

    result.stats.total_packets -= older.stats.total_packets;
    result.stats.total_bytes -= older.stats.total_bytes;
    result.stats.icmp_packets -= older.stats.icmp_packets;
    result.stats.tcp_packets -= older.stats.tcp_packets;
    result.stats.udp_packets -= older.stats.udp_packets;
    result.stats.other_packets -= older.stats.other_packets;
    result.stats.ipv4_packets -= older.stats.ipv4_packets;
    result.stats.ipv6_packets -= older.stats.ipv6_packets;
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++) {
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
            for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++) {
                const Cell& before = older.traffic.cell[network][transport][size];
                Cell& cell = result.traffic.cell[network][transport][size];
                // A cell is read a moment before or after the headline: never below zero.
                cell.packets -= std::min(cell.packets, before.packets);
                cell.bytes -= std::min(cell.bytes, before.bytes);
            }
        }
    }
    return result;
}

} // namespace xdpstat
