// SPDX-License-Identifier: BSD-2-Clause
#include "counter/default_route.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include <linux/filter.h>
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

/// How often routes that change while they are listed are listed again.
constexpr int most_tries = 5;

bpfxx::Result<std::set<std::uint32_t>> list_once()
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
        const int error = asked ? 0 : asked.error().error_number();
        if (!asked && !(family == AF_INET6 && (error == EOPNOTSUPP || error == EAFNOSUPPORT)))
            return std::unexpected(asked.error());
    }
    return interfaces;
}

} // namespace

bpfxx::Result<std::set<std::uint32_t>> default_route_interfaces()
{
    auto listed = list_once();
    for (int i = 1; i < most_tries && !listed && listed.error().error_number() == EAGAIN; i++)
        listed = list_once();
    return listed;
}

bpfxx::Result<> pass_default_routes_only(int socket)
{
    std::array<struct sock_filter, 4> filter{{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_dst_len)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, ~0U),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const struct sock_fprog program = {.len = filter.size(), .filter = filter.data()};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        return std::unexpected(bpfxx::system_error("choose among", "routes that come and go", errno));
    return {};
}

bpfxx::Result<DefaultRoute> DefaultRoute::open()
{
    bpfxx::Fd events(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    struct sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    if (events)
        BPFXX_TRY(pass_default_routes_only(events.get()));
    if (!events || ::bind(events.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0)
        return std::unexpected(bpfxx::system_error("listen for", "routes that come and go", errno));
    return DefaultRoute(std::move(events));
}

bool DefaultRoute::changed()
{
    bool any = false;
    std::array<char, 1> truncated{};
    for (;;) {
        if (::recv(events_.get(), truncated.data(), truncated.size(), 0) >= 0 || errno == ENOBUFS)
            any = true; // ENOBUFS: some were lost
        else if (errno != EINTR)
            return any;
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
