// SPDX-License-Identifier: BSD-2-Clause
#include "counter/default_route.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "counter/interface.hpp"
#include "counter/netlink.hpp"

namespace xdpstat {

namespace {

/// The interfaces of a route of several ways: RTA_MULTIPATH is an array of struct rtnexthop, each with attributes behind it.
void add_ways(std::span<const std::byte> ways, std::set<std::uint32_t>& interfaces)
{
    while (ways.size() >= sizeof(struct rtnexthop)) {
        struct rtnexthop way = {};
        std::memcpy(&way, ways.data(), sizeof way);
        if (way.rtnh_len < sizeof way)
            return;
        interfaces.insert(static_cast<std::uint32_t>(way.rtnh_ifindex));
        ways = ways.subspan(std::min<std::size_t>(RTNH_ALIGN(way.rtnh_len), ways.size()));
    }
}

/// Whether a message of rtnetlink tells of a default route, in whichever table. Others are by far the most on a router.
bool is_of_default_route(const struct nlmsghdr& header, std::span<const std::byte> payload)
{
    if (header.nlmsg_type != RTM_NEWROUTE && header.nlmsg_type != RTM_DELROUTE)
        return false;
    const auto [route, attributes] = split_answer<struct rtmsg>(payload);
    return route.rtm_dst_len == 0;
}

} // namespace

bpfxx::Result<std::set<std::uint32_t>> default_route_interfaces()
{
    const auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket)
        return std::unexpected(socket.error());
    std::set<std::uint32_t> interfaces;
    for (const int family : {AF_INET, AF_INET6}) {
        struct rtmsg header = {};
        header.rtm_family = static_cast<unsigned char>(family);
        const auto asked = socket->ask(
            NetlinkRequest(RTM_GETROUTE, NLM_F_DUMP, header), "default routes",
            [&](std::span<const std::byte> answer) {
                const auto [route, attributes] = split_answer<struct rtmsg>(answer);
                const auto table = attributes.value<std::uint32_t>(RTA_TABLE).value_or(route.rtm_table);
                if (route.rtm_dst_len != 0 || route.rtm_type != RTN_UNICAST || table != RT_TABLE_MAIN)
                    return;
                if (const auto interface = attributes.value<std::uint32_t>(RTA_OIF))
                    interfaces.insert(*interface);
                if (const auto ways = attributes.find(RTA_MULTIPATH))
                    add_ways(*ways, interfaces);
            });
        // A kernel without IPv6 answers for all families (AF_UNSPEC), or not at all.
        if (!asked && family == AF_INET)
            return std::unexpected(asked.error());
    }
    return interfaces;
}

bpfxx::Result<DefaultRoute> DefaultRoute::open()
{
    bpfxx::Fd events(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    struct sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    if (!events || ::bind(events.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0)
        return std::unexpected(bpfxx::system_error("listen for", "routes that come and go", errno));
    return DefaultRoute(std::move(events));
}

bool DefaultRoute::changed()
{
    bool any = false;
    alignas(struct nlmsghdr) std::array<std::byte, 8192> buffer{};
    for (;;) {
        const ssize_t size = ::recv(events_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == ENOBUFS) {
            any = true; // some were lost
        } else if (size < 0 && errno != EINTR) {
            return any;
        }
        auto rest = std::span(buffer).first(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        while (rest.size() >= sizeof(struct nlmsghdr)) {
            struct nlmsghdr header = {};
            std::memcpy(&header, rest.data(), sizeof header);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size())
                break;
            any |= is_of_default_route(header, rest.first(header.nlmsg_len).subspan(NLMSG_HDRLEN));
            rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
        }
    }
}

std::vector<std::string> DefaultRoute::names()
{
    is_behind_ |= changed();
    if (is_behind_)
        if (auto now = default_route_interfaces()) {
            seen_.merge(*now);
            is_behind_ = false;
        }
    std::vector<std::string> names;
    for (auto index = seen_.begin(); index != seen_.end();) {
        std::string name = interface_name(*index);
        if (name.empty()) {
            index = seen_.erase(index);
        } else {
            names.push_back(std::move(name));
            ++index;
        }
    }
    std::ranges::sort(names);
    return names;
}

} // namespace xdpstat
