// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "counter/netlink.hpp"

namespace xdpstat {

/// The kernel's own receive counters of an interface (struct rtnl_link_stats64). A plain value.
struct KernelCounters {
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_dropped = 0; ///< by the kernel: no memory, a full backlog, nobody who takes the protocol
    std::uint64_t rx_missed = 0;  ///< by the card: its ring was full
    std::uint64_t rx_nohandler = 0; ///< on a bond's inactive member

    friend bool operator==(const KernelCounters&, const KernelCounters&) = default;
};

/// Reads them by rtnetlink over one open socket: a send and a receive a reading. Not thread-safe.
class KernelCounterReader {
public:
    [[nodiscard]] static bpfxx::Result<KernelCounterReader> open();
    /// Errors: not_found where the interface is gone.
    [[nodiscard]] bpfxx::Result<KernelCounters> read(std::uint32_t ifindex) const;

private:
    explicit KernelCounterReader(NetlinkSocket socket) noexcept : socket_(std::move(socket)) {}
    NetlinkSocket socket_;
};

/// One of the driver's own counters, named by the driver (`ethtool -S`).
struct DriverCounter {
    std::string name;
    std::uint64_t value = 0;
};

/// All of the driver's own counters, in its order; empty where it has none. Needs no capability.
[[nodiscard]] std::vector<DriverCounter> read_driver_counters(const std::string& interface);

} // namespace xdpstat
