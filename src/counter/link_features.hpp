// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xdpstat {

/// One switch of an interface, as `ethtool -k` lists it.
struct Feature {
    bool on = false;
    bool fixed = false; ///< the driver does not let it be changed
};

/// Queues, as `ethtool -l` lists them; 0 where the driver counts them otherwise.
struct Channels {
    std::uint32_t combined = 0;
    std::uint32_t max_combined = 0;
    std::uint32_t rx = 0;
    std::uint32_t max_rx = 0;
};

/// What the driver says of XDP (the netdev family of generic netlink, kernel 6.3).
struct XdpFeatures {
    bool native = false;       ///< takes a program at all
    bool multi_buffer = false; ///< with frames in several buffers, so at any MTU
    bool offload = false;
};

/// What an interface can do and where it stands among others. A plain value; what cannot be read is left empty.
struct LinkFeatures {
    std::optional<Feature> lro;
    std::optional<Feature> gro;
    std::optional<Feature> gro_hw;
    std::optional<Feature> rx_vlan; ///< the card takes VLAN tags off
    std::optional<Channels> channels;
    std::optional<XdpFeatures> xdp;
    std::string kind;   ///< rtnetlink's word: "veth", "bond", "vlan"; empty for a card
    std::string master; ///< the bond, team or bridge that it belongs to
    std::string master_kind;
    std::string lower; ///< the interface below a VLAN or macvlan, where it is in this namespace
    std::vector<std::string> members; ///< the interfaces whose master it is
    std::uint32_t rx_queues = 0;
};

/// Reads them from the kernel. Needs no capability. @param ifindex of the same interface
[[nodiscard]] LinkFeatures read_link_features(const std::string& interface, std::uint32_t ifindex);

} // namespace xdpstat
