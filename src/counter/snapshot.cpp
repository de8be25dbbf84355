// SPDX-License-Identifier: BSD-2-Clause
#include "counter/snapshot.hpp"

#include <bit>
#include <utility>

namespace xdpstat {

namespace {

/// Calls visit(network, transport, size, cell) for every cell.
template <class Traffic, class Visit>
void for_each_cell(Traffic& traffic, Visit visit)
{
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++)
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++)
            for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++)
                visit(network, transport, size, traffic.cell[network][transport][size]);
}

void add(Cell& sum, const Cell& cell) noexcept
{
    sum.packets += cell.packets;
    sum.bytes += cell.bytes;
}

/// A cell's two counters, added in one instruction.
using CellPair [[gnu::vector_size(sizeof(Cell))]] = __u64;

} // namespace

std::array<Cell, TRAFFIC_NETWORK_COUNT> by_network(const traffic_stats& traffic) noexcept
{
    std::array<Cell, TRAFFIC_NETWORK_COUNT> sums{};
    for_each_cell(traffic, [&](std::size_t network, std::size_t, std::size_t, const Cell& cell) {
        add(sums[network], cell);
    });
    return sums;
}

std::array<Cell, TRAFFIC_TRANSPORT_COUNT> by_transport(const traffic_stats& traffic) noexcept
{
    std::array<Cell, TRAFFIC_TRANSPORT_COUNT> sums{};
    for_each_cell(traffic, [&](std::size_t, std::size_t transport, std::size_t, const Cell& cell) {
        add(sums[transport], cell);
    });
    return sums;
}

std::array<Cell, TRAFFIC_SIZE_COUNT> by_size(const traffic_stats& traffic) noexcept
{
    return sums_of(traffic).by_size;
}

TrafficSums sums_of(const traffic_stats& traffic) noexcept
{
    TrafficSums sums{};
    // The sums of all sizes and that of the row stay in registers.
    [&]<std::size_t... Size>(std::index_sequence<Size...>) {
        CellPair by_size[TRAFFIC_SIZE_COUNT] = {};
        for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++)
            for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
                const auto& row = traffic.cell[network][transport];
                const CellPair cells[] = {std::bit_cast<CellPair>(row[Size])...};
                ((by_size[Size] += cells[Size]), ...);
                sums.cell[network][transport] = std::bit_cast<Cell>((cells[Size] + ...));
            }
        ((sums.by_size[Size] = std::bit_cast<Cell>(by_size[Size])), ...);
    }(std::make_index_sequence<TRAFFIC_SIZE_COUNT>());
    return sums;
}

pkt_stats roll_up(const traffic_stats& traffic) noexcept
{
    pkt_stats sum{};
    for_each_cell(traffic, [&](std::size_t network, std::size_t transport, std::size_t, const Cell& cell) {
        sum.total_packets += cell.packets;
        sum.total_bytes += cell.bytes;
        switch (traffic_class_of(static_cast<traffic_transport>(transport))) {
        case TRAFFIC_CLASS_ICMP:
            sum.icmp_packets += cell.packets;
            break;
        case TRAFFIC_CLASS_TCP:
            sum.tcp_packets += cell.packets;
            break;
        case TRAFFIC_CLASS_UDP:
            sum.udp_packets += cell.packets;
            break;
        default:
            sum.other_packets += cell.packets;
        }
        if (network == TRAFFIC_NETWORK_IPV4 || network == TRAFFIC_NETWORK_IPV4_FRAGMENT)
            sum.ipv4_packets += cell.packets;
        if (network == TRAFFIC_NETWORK_IPV6 || network == TRAFFIC_NETWORK_IPV6_FRAGMENT)
            sum.ipv6_packets += cell.packets;
    });
    return sum;
}

void accumulate(traffic_stats& sum, const traffic_stats& slot) noexcept
{
    for_each_cell(sum, [&](std::size_t network, std::size_t transport, std::size_t size, Cell& cell) {
        add(cell, slot.cell[network][transport][size]);
    });
}

} // namespace xdpstat
