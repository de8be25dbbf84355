// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpfxx/fd.hpp"

namespace xdpstat {

/// Asks one interface's driver by the ethtool ioctl. Reads only; needs no capability. Not thread-safe.
class Ethtool {
public:
    explicit Ethtool(std::string interface);

    /// Sends a request, which starts with its command, and takes the answer in its place.
    /// @return false where the driver does not know it
    [[nodiscard]] bool ask(void* request) const;
    /// A set of names (ETH_SS_*): none where the driver has no such set.
    [[nodiscard]] std::vector<std::string> strings(std::uint32_t set) const;

private:
    std::string interface_;
    bpfxx::Fd socket_;
};

} // namespace xdpstat
