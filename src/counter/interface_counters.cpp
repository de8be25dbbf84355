// SPDX-License-Identifier: BSD-2-Clause
#include "counter/interface_counters.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "counter/ethtool.hpp"

namespace xdpstat {

bpfxx::Result<KernelCounterReader> KernelCounterReader::open()
{
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket)
        return std::unexpected(std::move(socket).error());
    return KernelCounterReader(std::move(*socket));
}

bpfxx::Result<KernelCounters> KernelCounterReader::read(std::uint32_t ifindex) const
{
    struct if_stats_msg header = {};
    header.ifindex = ifindex;
    header.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
    std::optional<struct rtnl_link_stats64> found;
    const std::string object = "the counters of interface " + std::to_string(ifindex);
    BPFXX_TRY(
        socket_.ask(NetlinkRequest(RTM_GETSTATS, 0, header), object, [&](std::span<const std::byte> answer) {
            const auto [about, attributes] = split_answer<struct if_stats_msg>(answer);
            found = attributes.value<struct rtnl_link_stats64>(IFLA_STATS_LINK_64);
        }));
    if (!found)
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::unsupported, "read", object, "the kernel's answer has none"));
    return KernelCounters{.rx_packets = found->rx_packets,
                          .rx_bytes = found->rx_bytes,
                          .rx_errors = found->rx_errors,
                          .rx_dropped = found->rx_dropped,
                          .rx_missed = found->rx_missed_errors,
                          .rx_nohandler = found->rx_nohandler};
}

std::vector<DriverCounter> read_driver_counters(const std::string& interface)
{
    const Ethtool ethtool(interface);
    const auto names = ethtool.strings(ETH_SS_STATS);
    if (names.empty())
        return {};
    std::vector<std::byte> answer(sizeof(struct ethtool_stats) + names.size() * sizeof(std::uint64_t));
    struct ethtool_stats header = {};
    header.cmd = ETHTOOL_GSTATS;
    header.n_stats = static_cast<std::uint32_t>(names.size());
    std::memcpy(answer.data(), &header, sizeof(header));
    if (!ethtool.ask(answer.data()))
        return {};
    std::vector<DriverCounter> counters;
    for (std::size_t i = 0; i < names.size(); i++) {
        DriverCounter counter{.name = names[i], .value = 0};
        std::memcpy(&counter.value, answer.data() + sizeof(header) + i * sizeof(std::uint64_t),
                    sizeof(counter.value));
        counters.push_back(std::move(counter));
    }
    return counters;
}

} // namespace xdpstat
