// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <string>

#include "counter/rates.hpp"

namespace xdpstat {

/// The names of the columns of rate_line. Ends with a newline.
[[nodiscard]] std::string rate_line_header();

/// One interval of one interface for a pipe: time, interface, packets/s, bits/s, then packets/s of each class, plain
/// numbers between blanks. Ends with a newline. Pure.
[[nodiscard]] std::string rate_line(std::chrono::system_clock::time_point time, const std::string& interface,
                                    const Rates& rates);

} // namespace xdpstat
