// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "counter/attachment.hpp"
#include "counter/pin_root.hpp"

namespace xdpstat {

/// What a Follower does, and whom it tells.
struct FollowerOptions {
    std::function<bool(const std::string& interface)> wants; ///< asked at each look
    AttachOptions how;
    /// Also attaches where that failed before, or somebody detached: see Follower.
    bool retries = false;
    std::function<void(const std::string& interface, const AttachResult&)> attached;
    std::function<void(const std::string& interface)> let_go;
    /// @param interface empty where all of them are concerned
    std::function<void(const std::string& interface, const bpfxx::Error&)> failed;
    std::function<bool()> stopping; ///< asked before each attach: whether to leave the rest
};

/// Keeps the counter attached to the interfaces of this network namespace that are wanted: to each once, when it
/// comes or gets a name that is wanted. Those that go, it lets go of: what is left of a counter whose interface is gone is
/// removed, and one that it attached itself is detached from an interface that was moved to another namespace or has a
/// name that is wanted no more. What a hand detaches stays so. The kernel says by netlink when to look; nothing is polled.
/// With `retries` it goes by what should be: at each look it attaches wherever the counter is wanted and not attached, but
/// does not try more often than once a second where it fails.
/// Not thread-safe; move-only.
class Follower {
public:
    /// Listens from now on, and has not looked yet. Errors: system, where the kernel gives no netlink socket.
    [[nodiscard]] static bpfxx::Result<Follower> open(PinRoot root, FollowerOptions options);

    /// Readable when interfaces may have come, gone or changed since catch_up(). Borrowed.
    [[nodiscard]] int events() const noexcept { return events_.get(); }
    /// Attaches and lets go. What comes meanwhile makes events() readable again. Without `retries` an interface that cannot
    /// be attached to is told of once.
    void catch_up();
    /// Detaches from every interface that is wanted, whoever attached to it. Returns their names.
    std::vector<std::string> detach_all();
    /// Takes every interface for a new one, so that catch_up() also attaches where that failed or a hand detached, or is wanted
    /// since.
    void forget() { known_.clear(); }
    /// The same of one.
    void forget(const std::string& interface)
    {
        std::erase_if(known_, [&](const auto& known) { return known.second == interface; });
    }

private:
    using Names = std::map<std::uint32_t, std::string>;
    using Clock = std::chrono::steady_clock;

    Follower(PinRoot root, FollowerOptions options, bpfxx::Fd events)
        : root_(std::move(root)), options_(std::move(options)), events_(std::move(events))
    {
    }
    void take_events() const;
    void attach_to_all(const Names& before);
    void attach_to(std::uint32_t index, const std::string& name);
    void let_go(const std::vector<Instance>& instances);

    PinRoot root_;
    FollowerOptions options_;
    bpfxx::Fd events_;
    Names known_;                                       ///< the interfaces of the last look, by index
    std::set<std::uint32_t> own_;                       ///< programs that were attached here
    std::map<std::uint32_t, Clock::time_point> failed_; ///< interfaces, and when it was tried
    bool is_behind_ = false; ///< something could not be done, and is tried again with the next event
};

} // namespace xdpstat
