// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "abi/xdp_counter.h"
#include "bpf/user_parser.h"

namespace xdpstat {

/// What parses the frames of a capture.
enum class ReplayEngine {
    kernel, ///< the counter program in the kernel
    user,   ///< its parser, compiled for user space
};

/// What was counted of a capture. A plain value.
struct ReplayCounts {
    traffic_stats traffic{};
    std::uint64_t cut = 0;   ///< frames of which the snap length left a part
    std::uint64_t aside = 0; ///< frames that the kernel takes none of, and user space parsed
};

/// A frame of a capture as it was counted. A plain value.
struct ReplayedFrame {
    std::uint64_t number = 0;   ///< in its capture, from 1
    std::uint32_t length = 0;   ///< bytes on the wire
    std::uint32_t captured = 0; ///< bytes of them that are there
    traffic_place place{};
};

} // namespace xdpstat
