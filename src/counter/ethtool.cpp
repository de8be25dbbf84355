// SPDX-License-Identifier: BSD-2-Clause
#include "counter/ethtool.hpp"

#include <cstddef>
#include <cstring>
#include <utility>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace xdpstat {

Ethtool::Ethtool(std::string interface)
    : interface_(std::move(interface)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
{
}

bool Ethtool::ask(void* request) const
{
    struct ifreq message = {};
    interface_.copy(message.ifr_name, sizeof(message.ifr_name) - 1);
    message.ifr_data = static_cast<char*>(request);
    return ::ioctl(socket_.get(), SIOCETHTOOL, &message) == 0;
}

std::vector<std::string> Ethtool::strings(std::uint32_t set) const
{
    // struct ethtool_sset_info ends in an array of unknown length: one 32-bit count a set asked for.
    alignas(struct ethtool_sset_info)
        std::byte size_bytes[sizeof(struct ethtool_sset_info) + sizeof(std::uint32_t)] = {};
    struct ethtool_sset_info size_request = {};
    size_request.cmd = ETHTOOL_GSSET_INFO;
    size_request.sset_mask = 1ULL << set;
    std::memcpy(size_bytes, &size_request, sizeof(size_request));
    if (!ask(size_bytes))
        return {};
    std::memcpy(&size_request, size_bytes, sizeof(size_request));
    std::uint32_t count = 0;
    std::memcpy(&count, size_bytes + offsetof(struct ethtool_sset_info, data), sizeof(count));
    if (size_request.sset_mask == 0 || count == 0)
        return {};

    std::vector<std::byte> answer(sizeof(struct ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
    struct ethtool_gstrings header = {};
    header.cmd = ETHTOOL_GSTRINGS;
    header.string_set = set;
    header.len = count;
    std::memcpy(answer.data(), &header, sizeof(header));
    if (!ask(answer.data()))
        return {};
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; i++) {
        const auto* name =
            reinterpret_cast<const char*>(answer.data()) + sizeof(header) + i * ETH_GSTRING_LEN;
        names.emplace_back(name, ::strnlen(name, ETH_GSTRING_LEN));
    }
    return names;
}

} // namespace xdpstat
