// SPDX-License-Identifier: BSD-2-Clause
#include "view/traffic_parts.hpp"

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

std::array<TrafficPart, traffic_parts> parts_of(const TrafficSums& sums) noexcept
{
    std::array<TrafficPart, traffic_parts> parts{};
    for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
        const std::string_view name = name_of(static_cast<traffic_transport>(transport)).key;
        const auto both = [&](traffic_network whole, traffic_network fragment) {
            Cell sum = sums.cell[whole][transport];
            add(sum, sums.cell[fragment][transport]);
            return sum;
        };
        parts[transport] = {IpVersion::v4, name, both(TRAFFIC_NETWORK_IPV4, TRAFFIC_NETWORK_IPV4_FRAGMENT)};
        parts[TRAFFIC_TRANSPORT_COUNT + transport] = {
            IpVersion::v6, name, both(TRAFFIC_NETWORK_IPV6, TRAFFIC_NETWORK_IPV6_FRAGMENT)};
    }
    for (std::size_t i = 0; i < without_ip.size(); i++) {
        TrafficPart& part = parts[2 * TRAFFIC_TRANSPORT_COUNT + i];
        part.protocol = name_of(without_ip[i]).key;
        Cell sum{};
        for (const Cell& cell : sums.cell[without_ip[i]])
            add(sum, cell);
        part.sum = sum;
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
