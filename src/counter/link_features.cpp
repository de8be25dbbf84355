// SPDX-License-Identifier: BSD-2-Clause
#include "counter/link_features.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>

#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "counter/ethtool.hpp"
#include "counter/interface.hpp"
#include "counter/netlink.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t bits_a_block = 32;

// The netdev family's numbers (Documentation/netlink/specs/netdev.yaml): its header is younger than the floor.
constexpr std::uint8_t netdev_dev_get = 1;
constexpr std::uint16_t netdev_dev_ifindex = 1;
constexpr std::uint16_t netdev_dev_xdp_features = 3;
constexpr std::uint64_t netdev_xdp_basic = 1 << 0;
constexpr std::uint64_t netdev_xdp_hw_offload = 1 << 4;
constexpr std::uint64_t netdev_xdp_rx_sg = 1 << 5;

/// The features' blocks of bits; empty where the driver is asked in vain.
std::vector<struct ethtool_get_features_block> feature_blocks(const Ethtool& ethtool, std::size_t features)
{
    std::vector<struct ethtool_get_features_block> blocks((features + bits_a_block - 1) / bits_a_block);
    struct ethtool_gfeatures header = {};
    header.cmd = ETHTOOL_GFEATURES;
    header.size = static_cast<std::uint32_t>(blocks.size());
    std::vector<std::byte> answer(sizeof(header) + blocks.size() * sizeof(blocks[0]));
    std::memcpy(answer.data(), &header, sizeof(header));
    if (blocks.empty() || !ethtool.ask(answer.data()))
        return {};
    std::memcpy(blocks.data(), answer.data() + sizeof(header), answer.size() - sizeof(header));
    return blocks;
}

void read_features(const Ethtool& ethtool, LinkFeatures& features)
{
    const auto names = ethtool.strings(ETH_SS_FEATURES);
    const auto blocks = feature_blocks(ethtool, names.size());
    if (blocks.empty())
        return;
    const auto find = [&](const char* name) -> std::optional<Feature> {
        const auto place = std::ranges::find(names, name);
        if (place == names.end())
            return std::nullopt;
        const auto number = static_cast<std::size_t>(place - names.begin());
        const auto& block = blocks[number / bits_a_block];
        const std::uint32_t bit = 1U << (number % bits_a_block);
        return Feature{.on = (block.active & bit) != 0,
                       .fixed = (block.available & bit) == 0 || (block.never_changed & bit) != 0};
    };
    features.lro = find("rx-lro");
    features.gro = find("rx-gro");
    features.gro_hw = find("rx-gro-hw");
    features.rx_vlan = find("rx-vlan-hw-parse");
}

void read_channels(const Ethtool& ethtool, LinkFeatures& features)
{
    struct ethtool_channels channels = {};
    channels.cmd = ETHTOOL_GCHANNELS;
    if (ethtool.ask(&channels))
        features.channels = Channels{.combined = channels.combined_count,
                                     .max_combined = channels.max_combined,
                                     .rx = channels.rx_count,
                                     .max_rx = channels.max_rx};
}

/// Each link of the namespace, or the one asked for, with its attributes.
void visit_links(const NetlinkSocket& socket, std::uint32_t ifindex,
                 const std::function<void(const struct ifinfomsg&, const NetlinkAttributes&)>& visitor)
{
    struct ifinfomsg header = {};
    header.ifi_index = static_cast<int>(ifindex);
    const NetlinkRequest request(RTM_GETLINK, ifindex == 0 ? NLM_F_DUMP : 0, header);
    // What the kernel does not tell stays empty, which is what the caller promises.
    (void)socket.ask(request, "interface " + std::to_string(ifindex), [&](std::span<const std::byte> answer) {
        const auto [about, attributes] = split_answer<struct ifinfomsg>(answer);
        visitor(about, attributes);
    });
}

void read_place(std::uint32_t ifindex, LinkFeatures& features)
{
    const auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket)
        return;
    visit_links(*socket, ifindex, [&](const struct ifinfomsg&, const NetlinkAttributes& link) {
        const auto info = link.nested(IFLA_LINKINFO);
        features.kind = info.text(IFLA_INFO_KIND);
        features.master_kind = info.text(IFLA_INFO_SLAVE_KIND);
        if (const auto master = link.value<std::uint32_t>(IFLA_MASTER))
            features.master = interface_name(*master);
        // An index in another namespace means nothing here.
        const auto lower = link.value<std::uint32_t>(IFLA_LINK);
        if (lower && *lower != ifindex && !link.find(IFLA_LINK_NETNSID))
            features.lower = interface_name(*lower);
        features.rx_queues = link.value<std::uint32_t>(IFLA_NUM_RX_QUEUES).value_or(0);
    });
    visit_links(*socket, 0, [&](const struct ifinfomsg&, const NetlinkAttributes& link) {
        if (link.value<std::uint32_t>(IFLA_MASTER) == ifindex)
            features.members.push_back(link.text(IFLA_IFNAME));
    });
}

std::optional<XdpFeatures> read_xdp_features(std::uint32_t ifindex)
{
    const auto socket = NetlinkSocket::open(NETLINK_GENERIC);
    if (!socket)
        return std::nullopt;

    struct genlmsghdr header = {.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
    NetlinkRequest family_request(GENL_ID_CTRL, 0, header);
    family_request.add(CTRL_ATTR_FAMILY_NAME, std::string_view("netdev"));
    std::optional<std::uint16_t> family;
    const auto family_answer =
        socket->ask(family_request, "the netdev family", [&](std::span<const std::byte> answer) {
            family = split_answer<struct genlmsghdr>(answer).second.value<std::uint16_t>(CTRL_ATTR_FAMILY_ID);
        });
    if (!family_answer || !family)
        return std::nullopt;

    header.cmd = netdev_dev_get;
    NetlinkRequest request(*family, 0, header);
    request.add(netdev_dev_ifindex, ifindex);
    std::optional<std::uint64_t> bits;
    const auto answered = socket->ask(request, "XDP features", [&](std::span<const std::byte> answer) {
        bits = split_answer<struct genlmsghdr>(answer).second.value<std::uint64_t>(netdev_dev_xdp_features);
    });
    if (!answered || !bits)
        return std::nullopt;
    return XdpFeatures{.native = (*bits & netdev_xdp_basic) != 0,
                       .multi_buffer = (*bits & netdev_xdp_rx_sg) != 0,
                       .offload = (*bits & netdev_xdp_hw_offload) != 0};
}

} // namespace

LinkFeatures read_link_features(const std::string& interface, std::uint32_t ifindex)
{
    LinkFeatures features;
    const Ethtool ethtool(interface);
    read_features(ethtool, features);
    read_channels(ethtool, features);
    read_place(ifindex, features);
    features.xdp = read_xdp_features(ifindex);
    return features;
}

} // namespace xdpstat
