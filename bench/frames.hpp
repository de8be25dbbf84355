// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xdpstat::bench {

struct Frame {
    std::string name;
    std::vector<std::uint8_t> bytes;
};

/// The frame of the headline figures: 64 bytes of TCP over IPv4, untagged.
[[nodiscard]] Frame tcp_over_ipv4();

/// One frame of each way through the program.
[[nodiscard]] std::vector<Frame> frames_of_each_kind();

} // namespace xdpstat::bench
