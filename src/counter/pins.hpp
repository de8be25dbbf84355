// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "abi/xdp_counter.h"

namespace xdpstat {

/// The pins of one instance, below its folder.
inline std::string link_pin(const std::string& directory)
{
    return directory + "/link";
}
inline std::string program_pin(const std::string& directory)
{
    return directory + "/prog";
}
inline std::string stats_pin(const std::string& directory)
{
    return directory + "/" XDP_COUNTER_STATS_MAP;
}
inline std::string traffic_pin(const std::string& directory)
{
    return directory + "/" XDP_COUNTER_TRAFFIC_MAP;
}

/// Prefixes of folders in which an attach or a detach is under way. An encoded name never starts so: its '%' is
/// always followed by '2'.
inline constexpr const char* attaching_prefix = "%attaching-";
inline constexpr const char* detaching_prefix = "%detaching-";

} // namespace xdpstat
