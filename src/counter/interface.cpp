// SPDX-License-Identifier: BSD-2-Clause
#include "counter/interface.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpfxx/fd.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t near_names_listed = 3;

/// Levenshtein's edit distance.
std::size_t edit_distance(const std::string& a, const std::string& b)
{
    std::vector<std::size_t> row(b.size() + 1);
    // NOLINTNEXTLINE(modernize-use-ranges): g++ 12 has no std::ranges::iota
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row.back();
}

struct ifreq request_for(const std::string& name)
{
    struct ifreq request = {};
    name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
    return request;
}

std::string driver_of(int socket, const std::string& name)
{
    struct ethtool_drvinfo info = {};
    info.cmd = ETHTOOL_GDRVINFO;
    struct ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&info);
    if (::ioctl(socket, SIOCETHTOOL, &request) != 0)
        return {};
    return {info.driver, ::strnlen(info.driver, sizeof(info.driver))};
}

std::string join(const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

bpfxx::Error no_such_interface(const std::string& name)
{
    const auto all = interface_names();
    const auto near = near_names(name, all);
    return bpfxx::make_error(bpfxx::ErrorKind::not_found, "find interface", name, "no such interface",
                             near.empty() ? "there are: " + join(all) : "did you mean " + join(near) + "?");
}

} // namespace

bpfxx::Result<Interface> find_interface(const std::string& name)
{
    if (name.empty() || name.size() >= IFNAMSIZ)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "find interface",
                                                 "'" + name + "'", "a name has 1 to 15 characters"));
    Interface interface;
    interface.index = ::if_nametoindex(name.c_str());
    interface.name = interface_name(interface.index);
    if (interface.name.empty())
        return std::unexpected(no_such_interface(name));

    const bpfxx::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket)
        return std::unexpected(bpfxx::system_error("open a socket to ask for", name, errno));
    struct ifreq request = request_for(interface.name);
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0)
        return std::unexpected(no_such_interface(name));
    interface.up = (request.ifr_flags & IFF_UP) != 0;
    if (::ioctl(socket.get(), SIOCGIFMTU, &request) == 0)
        interface.mtu = static_cast<std::uint32_t>(request.ifr_mtu);
    if (::ioctl(socket.get(), SIOCGIFHWADDR, &request) == 0)
        interface.ethernet =
            request.ifr_hwaddr.sa_family == ARPHRD_ETHER || request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
    interface.driver = driver_of(socket.get(), interface.name);
    return interface;
}

std::string interface_name(std::uint32_t index)
{
    std::array<char, IF_NAMESIZE> name{};
    return ::if_indextoname(index, name.data()) != nullptr ? name.data() : "";
}

std::map<std::uint32_t, std::string> interfaces_by_index()
{
    std::map<std::uint32_t, std::string> interfaces;
    struct if_nameindex* list = ::if_nameindex();
    if (list == nullptr)
        return interfaces;
    for (const struct if_nameindex* entry = list; entry->if_index != 0; entry++)
        interfaces.emplace(entry->if_index, entry->if_name);
    ::if_freenameindex(list);
    return interfaces;
}

std::vector<std::string> interface_names()
{
    std::vector<std::string> names;
    for (auto& [index, name] : interfaces_by_index())
        names.push_back(name);
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> near_names(const std::string& wanted, const std::vector<std::string>& names)
{
    const std::size_t most_edits = std::max<std::size_t>(1, wanted.size() / 2);
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const std::string& name : names)
        if (const std::size_t edits = edit_distance(wanted, name); edits <= most_edits)
            ranked.emplace_back(edits, name);
    std::ranges::stable_sort(ranked, {}, &std::pair<std::size_t, std::string>::first);
    std::vector<std::string> near;
    for (const auto& [edits, name] : ranked)
        if (near.size() < near_names_listed)
            near.push_back(name);
    return near;
}

} // namespace xdpstat
