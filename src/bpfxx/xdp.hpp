// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "bpfxx/error.hpp"

namespace bpfxx {

/// Where on the receive path an XDP program runs.
enum class XdpMode {
    native,  ///< in the driver
    generic, ///< in the network stack, after the socket buffer is built
    offload, ///< in the card
};

/// "native", "generic", "offload".
[[nodiscard]] const char* to_string(XdpMode mode) noexcept;

/// The XDP programs of an interface: an id of 0 where there is none.
struct XdpState {
    std::uint32_t native_id = 0;  ///< of the program in the driver
    std::uint32_t generic_id = 0; ///< of the program in the network stack
    std::uint32_t offload_id = 0; ///< of the program in the card

    /// That of one mode.
    [[nodiscard]] std::uint32_t id(XdpMode mode) const noexcept;
    /// Whether there is one at all.
    [[nodiscard]] bool any() const noexcept { return (native_id | generic_id | offload_id) != 0; }
};

/// Asks the kernel by rtnetlink, in the network namespace of the calling thread. Errors: not_found.
[[nodiscard]] Result<XdpState> query_xdp(std::uint32_t ifindex);

} // namespace bpfxx
