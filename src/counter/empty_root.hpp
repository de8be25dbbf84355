// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

namespace xdpstat {

/// Whether a folder lies on a bpf file system, or holds folders that do: so maps of others are given to a container, a volume each.
[[nodiscard]] bool may_hold_pins(const std::string& pin_root);

/// Why there is no instance below a pin root: what is not there, or what is there instead. Never empty; for a person.
[[nodiscard]] std::string why_empty(const std::string& pin_root);

} // namespace xdpstat
