// SPDX-License-Identifier: BSD-2-Clause
#include "counter/follower.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "counter/change_watch.hpp"
#include "counter/interface.hpp"

namespace xdpstat {

bpfxx::Result<Follower> Follower::open(PinRoot root, FollowerOptions options)
{
    bpfxx::Fd events = open_link_events();
    if (!events)
        return std::unexpected(bpfxx::system_error("listen for", "interfaces that come and go", errno));
    return Follower(std::move(root), std::move(options), std::move(events));
}

/// What an event says does not matter, and that some were lost (ENOBUFS) neither: all interfaces are listed after it.
void Follower::take_events() const
{
    std::array<char, 1> truncated{};
    while (::recv(events_.get(), truncated.data(), truncated.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
           errno == EINTR)
        ;
}

void Follower::catch_up()
{
    take_events();
    Names now = interfaces_by_index();
    // There is always a loopback: an empty list is none.
    if (now.empty() || (now == known_ && !is_behind_))
        return;
    const Names before = std::exchange(known_, std::move(now));
    is_behind_ = false;
    // First, for the names of those that went may be taken by those that came.
    let_go();
    for (const auto& [index, name] : known_) {
        if (options_.stopping())
            return;
        const auto earlier = before.find(index);
        if (options_.filter.matches(name) && (earlier == before.end() || earlier->second != name))
            attach_to(index, name);
    }
}

void Follower::attach_to(std::uint32_t index, const std::string& name)
{
    const auto result = attach(root_, name, options_.how);
    if (result) {
        if (!result->already_attached)
            own_.insert(result->instance.program_id);
        options_.attached(name, *result);
    } else if (interface_name(index) == name) {
        options_.failed(result.error());
    } // else it went meanwhile
}

void Follower::let_go()
{
    const auto instances = root_.instances();
    if (!instances)
        return options_.failed(instances.error());
    std::set<std::uint32_t> left;
    for (const Instance& instance : *instances) {
        const bool matches = options_.filter.matches(instance.interface);
        const bool is_own = own_.contains(instance.program_id);
        const bool is_there = std::ranges::any_of(
            known_, [&](const auto& interface) { return interface.second == instance.interface; });
        const bool is_remnant = instance.mode == mode_detached && matches && !is_there;
        const bool has_left = is_own && (instance.mode == mode_elsewhere || !matches);
        if (!is_remnant && !has_left) {
            if (is_own)
                left.insert(instance.program_id);
        } else if (const auto result = detach(root_, instance)) {
            options_.let_go(instance.interface);
        } else {
            is_behind_ = true;
            left.insert(instance.program_id);
            options_.failed(result.error());
        }
    }
    own_ = std::move(left);
}

} // namespace xdpstat
