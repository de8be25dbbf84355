// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "counter/attachment.hpp"
#include "counter/interface_filter.hpp"
#include "counter/pin_root.hpp"

namespace xdpstat {

/// What a Follower does, and whom it tells.
struct FollowerOptions {
    InterfaceFilter filter;
    AttachOptions how;
    std::function<void(const std::string& interface, const AttachResult&)> attached;
    std::function<void(const std::string& interface)> let_go;
    std::function<void(const bpfxx::Error&)> failed;
    std::function<bool()> stopping; ///< asked before each attach: whether to leave the rest
};

/// Keeps the counter attached to the interfaces of this network namespace that a filter matches: to each once, when it
/// comes or gets a name that matches. Those that go, it lets go of: what is left of a counter whose interface is gone is
/// removed, and one that it attached itself is detached from an interface that was moved to another namespace or has a
/// name that matches no more. What a hand detaches stays so. The kernel says by netlink when to look; nothing is polled.
/// Not thread-safe; move-only.
class Follower {
public:
    /// Listens from now on, and has not looked yet. Errors: system, where the kernel gives no netlink socket.
    [[nodiscard]] static bpfxx::Result<Follower> open(PinRoot root, FollowerOptions options);

    /// Readable when interfaces may have come, gone or changed since catch_up(). Borrowed.
    [[nodiscard]] int events() const noexcept { return events_.get(); }
    /// Attaches and lets go. What comes meanwhile makes events() readable again. An interface that cannot be attached to is told of once.
    void catch_up();
    /// Takes every interface for a new one, so that catch_up() also attaches where that failed or a hand detached.
    void forget() { known_.clear(); }

private:
    using Names = std::map<std::uint32_t, std::string>;

    Follower(PinRoot root, FollowerOptions options, bpfxx::Fd events)
        : root_(std::move(root)), options_(std::move(options)), events_(std::move(events))
    {
    }
    void take_events() const;
    void attach_to(std::uint32_t index, const std::string& name);
    void let_go();

    PinRoot root_;
    FollowerOptions options_;
    bpfxx::Fd events_;
    Names known_;                 ///< the interfaces of the last look, by index
    std::set<std::uint32_t> own_; ///< programs that were attached here
    bool is_behind_ = false; ///< something could not be let go of, and is tried again with the next event
};

} // namespace xdpstat
