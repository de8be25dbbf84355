// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/xdp.hpp"

#include <string>

#include <bpf/libbpf.h>

namespace bpfxx {

const char* to_string(XdpMode mode) noexcept
{
    switch (mode) {
    case XdpMode::native:
        return "native";
    case XdpMode::generic:
        return "generic";
    case XdpMode::offload:
        break;
    }
    return "offload";
}

std::uint32_t XdpState::id(XdpMode mode) const noexcept
{
    switch (mode) {
    case XdpMode::native:
        return native_id;
    case XdpMode::generic:
        return generic_id;
    case XdpMode::offload:
        break;
    }
    return offload_id;
}

Result<XdpState> query_xdp(std::uint32_t ifindex)
{
    LIBBPF_OPTS(bpf_xdp_query_opts, options);
    if (const int error = bpf_xdp_query(static_cast<int>(ifindex), 0, &options); error != 0)
        return std::unexpected(
            system_error("ask for the XDP program of interface", std::to_string(ifindex), -error));
    return XdpState{.native_id = options.drv_prog_id,
                    .generic_id = options.skb_prog_id,
                    .offload_id = options.hw_prog_id};
}

} // namespace bpfxx
