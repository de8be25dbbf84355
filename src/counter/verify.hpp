// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "counter/finding.hpp"
#include "counter/interface_counters.hpp"
#include "counter/snapshot.hpp"

namespace xdpstat {

/// A member of a bond or team, whose counters the master adds up.
struct MemberCounters {
    std::string name;
    KernelCounters counters;
};

/// All that is compared, at one moment: the counter between two readings of the kernel's figures, so that the
/// kernel's true value at the moment of the counter's lies between the two.
struct VerifyReading {
    std::chrono::steady_clock::time_point taken;
    Cell counter{};
    KernelCounters before;
    KernelCounters after;
    bool quiet = false; ///< no frame arrived while it was made: then the two must be exactly equal
    std::vector<DriverCounter> driver;
    std::vector<MemberCounters> members;
};

/// What else an explanation may rest on.
struct VerifyFacts {
    std::string interface;
    std::string mode; ///< "native", "generic", "offload"
    std::string driver;
    std::string kind; ///< as LinkFeatures
    std::string master;
    bool rx_vlan_offload = false;
    std::uint32_t mtu = 0;             ///< bytes
    std::uint64_t in_flight_limit = 0; ///< frames that one of the two may have counted and the other not yet
};

/// One of the driver's counters over the interval.
struct DriverDifference {
    std::string name;
    std::uint64_t difference = 0;
};

/// The comparison over the interval. A plain value.
struct Verification {
    std::string interface;
    std::string mode;
    double seconds = 0;
    Cell counter{};
    Cell kernel{};         ///< from the readings after the counter's; within `uncertainty` of it either way
    KernelCounters others; ///< the kernel's other receive counters; its packets and bytes are `kernel`'s
    Cell uncertainty{};    ///< frames that arrived between two readings, and the bytes that they may have had
    std::vector<DriverDifference> driver; ///< those that changed
    bool agrees = false;                  ///< equal, or the gap is fully explained
    std::vector<Finding> findings;
};

/// Compares two readings and explains the gap where the figures support it. Pure.
[[nodiscard]] Verification explain(const VerifyReading& start, const VerifyReading& end,
                                   const VerifyFacts& facts);

} // namespace xdpstat
