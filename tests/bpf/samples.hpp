// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "abi/xdp_counter.h"
#include "frame.hpp"

namespace xdpstat::test {

/// A whole frame of one kind, and what the rules say of it.
struct Sample {
    std::string name;
    Frame headers; ///< up to where the payload begins
    traffic_network network;
    traffic_transport transport;

    /// The frame with a payload of this size.
    [[nodiscard]] Bytes frame(std::size_t payload_size = 10) const
    {
        return (headers / payload(payload_size)).bytes();
    }
};

/// Each kind of frame that the classification rules tell apart or must not be misled by.
[[nodiscard]] const std::vector<Sample>& samples();

} // namespace xdpstat::test
