// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"

namespace xdpstat {

/// A network interface of the calling thread's network namespace. A plain value.
struct Interface {
    std::string name;
    std::uint32_t index = 0;
    std::uint32_t mtu = 0; ///< bytes
    bool up = false;       ///< administratively (IFF_UP)
    std::string driver;    ///< as ethtool names it; empty where the driver has no name
    bool ethernet = true; ///< its frames begin with an Ethernet header, as those of tunnels and of ppp do not
};

/// Finds an interface by its name, or by another that the kernel knows it by (an alternative name, or "eth0:1"); the
/// result has its own name. Errors: not_found, with the near names in the hint.
[[nodiscard]] bpfxx::Result<Interface> find_interface(const std::string& name);

/// The name of an interface by its index; empty where there is none.
[[nodiscard]] std::string interface_name(std::uint32_t index);

/// All interfaces by their index.
[[nodiscard]] std::map<std::uint32_t, std::string> interfaces_by_index();

/// All interface names, sorted.
[[nodiscard]] std::vector<std::string> interface_names();

/// Those of `names` that a person may have meant: at most three, nearest first. Pure.
[[nodiscard]] std::vector<std::string> near_names(const std::string& wanted,
                                                  const std::vector<std::string>& names);

} // namespace xdpstat
