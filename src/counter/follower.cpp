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

namespace {

/// Between two attempts to attach to an interface: an attempt may itself make the kernel tell of it.
constexpr auto shortest_pause = std::chrono::seconds(1);

} // namespace

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
    if (now.empty() || (now == known_ && !is_behind_ && !options_.retries))
        return;
    const Names before = std::exchange(known_, std::move(now));
    is_behind_ = false;
    std::erase_if(failed_, [&](const auto& failure) { return !known_.contains(failure.first); });
    const auto instances = root_.instances();
    if (!instances) {
        is_behind_ = true;
        options_.failed({}, instances.error());
    } else {
        // First, for the names of those that went may be taken by those that came.
        let_go(*instances);
    }
    attach_to_all(before);
}

void Follower::attach_to_all(const Names& before)
{
    // After letting go.
    const auto instances = options_.retries ? root_.instances() : std::vector<Instance>();
    const auto is_missing = [&](std::uint32_t index) {
        return !instances || std::ranges::find(*instances, index, &Instance::ifindex) == instances->end();
    };
    const auto now = Clock::now();
    for (const auto& [index, name] : known_) {
        if (options_.stopping())
            return;
        if (!options_.wants(name))
            continue;
        const auto earlier = before.find(index);
        bool is_due = earlier == before.end() || earlier->second != name;
        if (const auto failure = failed_.find(index); options_.retries && failure != failed_.end())
            is_due |= now - failure->second >= shortest_pause;
        else if (options_.retries)
            is_due |= is_missing(index);
        if (is_due)
            attach_to(index, name);
    }
    is_behind_ |= options_.retries && !failed_.empty();
}

void Follower::attach_to(std::uint32_t index, const std::string& name)
{
    const auto result = attach(root_, name, options_.how);
    failed_.erase(index);
    if (result) {
        if (!result->already_attached)
            own_.insert(result->instance.program_id);
        options_.attached(name, *result);
    } else if (interface_name(index) == name) {
        failed_.emplace(index, Clock::now());
        options_.failed(name, result.error());
    } // else it went meanwhile
}

std::vector<std::string> Follower::detach_all()
{
    std::vector<std::string> detached;
    const auto instances = root_.instances();
    if (!instances)
        options_.failed({}, instances.error());
    for (const Instance& instance : instances.value_or(std::vector<Instance>())) {
        if (instance.mode == mode_elsewhere || !options_.wants(instance.interface))
            continue;
        if (const auto result = detach(root_, instance))
            detached.push_back(instance.interface);
        else
            options_.failed(instance.interface, result.error());
    }
    return detached;
}

void Follower::let_go(const std::vector<Instance>& instances)
{
    std::set<std::uint32_t> left;
    for (const Instance& instance : instances) {
        const bool is_wanted = options_.wants(instance.interface);
        const bool is_own = own_.contains(instance.program_id);
        const bool is_there = std::ranges::any_of(
            known_, [&](const auto& interface) { return interface.second == instance.interface; });
        const bool is_remnant = instance.mode == mode_detached && is_wanted && !is_there;
        const bool has_left = is_own && (instance.mode == mode_elsewhere || !is_wanted);
        if (!is_remnant && !has_left) {
            if (is_own)
                left.insert(instance.program_id);
        } else if (const auto result = detach(root_, instance)) {
            options_.let_go(instance.interface);
        } else {
            is_behind_ = true;
            left.insert(instance.program_id);
            options_.failed(instance.interface, result.error());
        }
    }
    own_ = std::move(left);
}

} // namespace xdpstat
