// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "view/reading.hpp"

namespace xdpstat {

/// What was counted, for reading: each interface with its totals, protocols, IP versions, breakdown and frame sizes,
/// and the sum where there is more than one. No line is longer than 80 columns. Pure.
[[nodiscard]] std::string show_text(std::span<const Reading> readings, const TextOptions& options);

} // namespace xdpstat
