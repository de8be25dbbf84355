// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>

#include "abi/xdp_counter.h"

namespace xdpstat::test {

/// The cell of the breakdown that a frame belongs to.
struct Verdict {
    traffic_network network;
    traffic_transport transport;
    traffic_size size;

    bool operator==(const Verdict&) const = default;
};

/// What a frame must be counted as. The rules leave a choice in one case only: a chain of more than eight
/// extension headers is either given up (other) or walked to its end.
struct Expected {
    Verdict verdict;
    std::optional<Verdict> also_right;

    [[nodiscard]] bool allows(const Verdict& counted) const
    {
        return counted == verdict || (also_right && counted == *also_right);
    }
};

/// The classification rules written down a second time: plain code over a whole frame in memory, without a
/// thought for speed or for the verifier. The tests hold it against the captures, and the BPF program against
/// it.
[[nodiscard]] Expected classify(std::span<const std::uint8_t> frame);

/// The roll-up of a cell to the headline counters.
[[nodiscard]] traffic_class class_of(const Verdict& verdict);
[[nodiscard]] bool is_ipv4(const Verdict& verdict);
[[nodiscard]] bool is_ipv6(const Verdict& verdict);

/// The verdict as one letter: T U I O for IPv4 (tcp, udp, icmp, other), t u i o for IPv6, - for all else.
[[nodiscard]] char letter_of(const Verdict& verdict);

std::ostream& operator<<(std::ostream& out, const Verdict& verdict);

} // namespace xdpstat::test
