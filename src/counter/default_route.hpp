// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat {

/// The indices of the interfaces that a default route of this network namespace leads over: of IPv4 or IPv6, in the main
/// table, also one of several ways (multipath). Errors: system.
[[nodiscard]] bpfxx::Result<std::set<std::uint32_t>> default_route_interfaces();

/// Has a socket of rtnetlink that listens for routes take those alone that tell of a default route, in whichever table: others are by
/// far the most on a router, and would fill it. Errors: system. @param socket borrowed
[[nodiscard]] bpfxx::Result<> pass_default_routes_only(int socket);

/// The names of those that have, or had since this object was made, a default route over them: a route that goes for a moment, as at the
/// renewal of a lease, is no reason to stop counting. Follows the kernel's events: a machine with a million other routes is
/// asked for them once, and when a default route changes. Not thread-safe; move-only.
class DefaultRoute {
public:
    /// Errors: system, where the kernel gives no netlink socket.
    [[nodiscard]] static bpfxx::Result<DefaultRoute> open();

    /// Readable when routes may have changed since names(). Borrowed.
    [[nodiscard]] int events() const noexcept { return events_.get(); }
    /// By the names that they have now, sorted; without those that are gone.
    [[nodiscard]] std::vector<std::string> names();

private:
    explicit DefaultRoute(bpfxx::Fd events) noexcept : events_(std::move(events)) {}
    [[nodiscard]] bool changed();

    bpfxx::Fd events_;
    bool is_behind_ = true; ///< the routes have to be asked for
    std::set<std::uint32_t> seen_;
};

} // namespace xdpstat
