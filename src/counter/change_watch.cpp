// SPDX-License-Identifier: BSD-2-Clause
#include "counter/change_watch.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xdpstat {

bpfxx::Fd open_link_events()
{
    bpfxx::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    struct sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (socket && ::bind(socket.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0)
        return {};
    return socket;
}

ChangeWatch::ChangeWatch(std::string root)
    : root_(std::move(root)), events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), links_(open_link_events())
{
}

bool ChangeWatch::changed()
{
    // Both are asked: what is not read now would be news the next time.
    const bool pins = pins_changed();
    const bool interfaces = interfaces_changed();
    return pins || interfaces;
}

bool ChangeWatch::pins_changed()
{
    if (!watching_) {
        constexpr std::uint32_t what =
            IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
        watching_ = ::inotify_add_watch(events_.get(), root_.c_str(), what) >= 0;
        return true;
    }
    bool any = false;
    alignas(struct inotify_event) std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(events_.get(), buffer.data(), buffer.size())) > 0;) {
        any = true;
        for (ssize_t at = 0; at < size;) {
            const auto& event = *reinterpret_cast<const struct inotify_event*>(buffer.data() + at);
            // The root itself went: another may come at its path.
            if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0)
                watching_ = false;
            at += static_cast<ssize_t>(sizeof event) + event.len;
        }
    }
    return any;
}

bool ChangeWatch::interfaces_changed() const
{
    if (!links_)
        return true;
    bool any = false;
    std::array<char, 1> truncated{};
    // What it says does not matter. ENOBUFS says that there was more than fits.
    while (::recv(links_.get(), truncated.data(), truncated.size(), 0) >= 0 || errno == ENOBUFS ||
           errno == EINTR)
        any = true;
    return any;
}

} // namespace xdpstat
