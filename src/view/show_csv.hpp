// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "view/reading.hpp"

namespace xdpstat {

/// Everything that was counted, a number a row, below a line of column names: the eight headline counters of each
/// interface, then packets and bytes of each non-zero cell. Quoted as RFC 4180 says; lines end with a newline alone,
/// for awk's sake. Pure.
[[nodiscard]] std::string show_csv(std::span<const Reading> readings);

} // namespace xdpstat
