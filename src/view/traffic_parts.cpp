// SPDX-License-Identifier: BSD-2-Clause
#include "view/traffic_parts.hpp"

#include <utility>

#include "view/names.hpp"

namespace xdpstat {

namespace {

constexpr std::array without_ip{TRAFFIC_NETWORK_ARP, TRAFFIC_NETWORK_MPLS, TRAFFIC_NETWORK_PPPOE,
                                TRAFFIC_NETWORK_OTHER};
static_assert(without_ip.size() == networks_without_ip);
static_assert(without_ip.size() + 4 == TRAFFIC_NETWORK_COUNT, "the other four are IP and its fragments");

void add(Cell& sum, const Cell& cell) noexcept
{
    sum.packets += cell.packets;
    sum.bytes += cell.bytes;
}

} // namespace

std::string_view to_string(IpVersion version) noexcept
{
    switch (version) {
    case IpVersion::v4:
        return "4";
    case IpVersion::v6:
        return "6";
    case IpVersion::none:
        break;
    }
    return "none";
}

IpVersion ip_version_of(traffic_network network) noexcept
{
    switch (network) {
    case TRAFFIC_NETWORK_IPV4:
    case TRAFFIC_NETWORK_IPV4_FRAGMENT:
        return IpVersion::v4;
    case TRAFFIC_NETWORK_IPV6:
    case TRAFFIC_NETWORK_IPV6_FRAGMENT:
        return IpVersion::v6;
    case TRAFFIC_NETWORK_OTHER:
    case TRAFFIC_NETWORK_ARP:
    case TRAFFIC_NETWORK_MPLS:
    case TRAFFIC_NETWORK_PPPOE:
    case TRAFFIC_NETWORK_COUNT:
        break;
    }
    return IpVersion::none;
}

// Both go first through the transports over IPv4, then through those over IPv6, then through what is no IP.

std::array<TrafficPart, traffic_parts> all_parts() noexcept
{
    std::array<TrafficPart, traffic_parts> parts{};
    auto part = parts.begin();
    for (const IpVersion version : {IpVersion::v4, IpVersion::v6})
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++)
            *part++ = {version, name_of(static_cast<traffic_transport>(transport)).key};
    for (const traffic_network network : without_ip)
        *part++ = {IpVersion::none, name_of(network).key};
    return parts;
}

std::array<Cell, traffic_parts> by_part(const TrafficSums& sums) noexcept
{
    std::array<Cell, traffic_parts> parts{};
    auto part = parts.begin();
    for (const auto& [whole, fragment] : {std::pair(TRAFFIC_NETWORK_IPV4, TRAFFIC_NETWORK_IPV4_FRAGMENT),
                                          std::pair(TRAFFIC_NETWORK_IPV6, TRAFFIC_NETWORK_IPV6_FRAGMENT)})
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
            *part = sums.cell[whole][transport];
            add(*part++, sums.cell[fragment][transport]);
        }
    for (const traffic_network network : without_ip) {
        for (const Cell& cell : sums.cell[network])
            add(*part, cell);
        part++;
    }
    return parts;
}

std::array<Cell, ip_versions> by_ip_version(const traffic_stats& traffic) noexcept
{
    std::array<Cell, ip_versions> sums{};
    const auto networks = by_network(traffic);
    for (std::size_t network = 0; network < networks.size(); network++)
        add(sums[static_cast<std::size_t>(ip_version_of(static_cast<traffic_network>(network)))],
            networks[network]);
    return sums;
}

} // namespace xdpstat
