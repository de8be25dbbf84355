// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "abi/xdp_counter.h"
#include "view/line.hpp"

namespace xdpstat {

/// The colour of a class, the same on every page.
[[nodiscard]] constexpr Style style_of(traffic_class value) noexcept
{
    switch (value) {
    case TRAFFIC_CLASS_ICMP:
        return Style::icmp;
    case TRAFFIC_CLASS_TCP:
        return Style::tcp;
    case TRAFFIC_CLASS_UDP:
        return Style::udp;
    case TRAFFIC_CLASS_OTHER:
    case TRAFFIC_CLASS_COUNT:
        break;
    }
    return Style::other;
}

/// Packets that are neither IPv4 nor IPv6; never below zero, whatever was just being written.
[[nodiscard]] constexpr __u64 not_ip(const pkt_stats& stats) noexcept
{
    const __u64 ip = stats.ipv4_packets + stats.ipv6_packets;
    return stats.total_packets > ip ? stats.total_packets - ip : 0;
}

} // namespace xdpstat
