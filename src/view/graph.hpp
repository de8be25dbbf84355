// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Drawings made of characters: eighths of a block in UTF-8, '#' and '.' in ASCII. All pure.
namespace xdpstat {

/// A horizontal bar of at most `width` columns for part of total. Anything above nothing is seen, and the bar is
/// full only where the part is the whole.
[[nodiscard]] std::string bar(double part, double total, std::size_t width, bool utf8);

/// A graph of `height` lines, a column a value, each scaled to the largest. Anything above nothing is seen.
[[nodiscard]] std::vector<std::string> graph(const std::vector<double>& values, std::size_t height,
                                             bool utf8);

} // namespace xdpstat
