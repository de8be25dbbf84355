// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "counter/snapshot.hpp"

// One way to split what was counted that monitoring can work with: by version of IP and by protocol, each frame in one
// part, so that the sum over all parts is all.
namespace xdpstat {

enum class IpVersion : std::uint8_t { v4, v6, none };
inline constexpr std::size_t ip_versions = 3;

/// "4", "6", "none".
[[nodiscard]] std::string_view to_string(IpVersion version) noexcept;

/// A frame's version by its outermost network layer; fragments are of theirs.
[[nodiscard]] IpVersion ip_version_of(traffic_network network) noexcept;

/// A part by its name.
struct TrafficPart {
    IpVersion ip_version = IpVersion::none;
    std::string_view protocol; ///< the transport of what is IP; else the network layer
};

inline constexpr std::size_t networks_without_ip = 4; ///< ARP, MPLS, PPPoE and the rest
inline constexpr std::size_t traffic_parts = 2 * std::size_t{TRAFFIC_TRANSPORT_COUNT} + networks_without_ip;

/// All parts.
[[nodiscard]] std::array<TrafficPart, traffic_parts> all_parts() noexcept;
/// How often each was counted, in the order of all_parts().
[[nodiscard]] std::array<Cell, traffic_parts> by_part(const TrafficSums& sums) noexcept;

/// The cells by version of IP, in the order of the enum.
[[nodiscard]] std::array<Cell, ip_versions> by_ip_version(const traffic_stats& traffic) noexcept;

} // namespace xdpstat
