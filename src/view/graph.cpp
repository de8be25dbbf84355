// SPDX-License-Identifier: BSD-2-Clause
#include "view/graph.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace xdpstat {

namespace {

constexpr std::array horizontal{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::array vertical{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
// A column of ASCII has three heights: empty, half, full.
constexpr std::array vertical_ascii{" ", " ", ".", ".", ".", ":", ":", "|", "|"};

/// How many steps of `steps` a share is: at least one where it is above nothing, all only where it is whole.
std::size_t steps_of(double part, double total, std::size_t steps)
{
    if (part <= 0 || total <= 0 || steps == 0)
        return 0;
    if (part >= total)
        return steps;
    const double share = part / total * static_cast<double>(steps);
    const auto most = std::max<std::size_t>(1, steps - 1);
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(share)), 1, most);
}

} // namespace

std::string bar(double part, double total, std::size_t width, bool utf8)
{
    std::string text;
    if (!utf8) {
        const std::size_t halves = steps_of(part, total, width * 2);
        text.assign(halves / 2, '#');
        if (halves % 2 != 0)
            text += '-';
        return text;
    }
    const std::size_t eighths = steps_of(part, total, width * 8);
    for (std::size_t i = 0; i < eighths / 8; i++)
        text += horizontal.back();
    text += horizontal.at(eighths % 8);
    return text;
}

std::vector<std::string> graph(const std::vector<double>& values, std::size_t height, bool utf8)
{
    std::vector<std::string> lines(height);
    const double largest = values.empty() ? 0 : *std::ranges::max_element(values);
    for (const double value : values) {
        const std::size_t eighths = steps_of(value, largest, height * 8);
        for (std::size_t row = 0; row < height; row++) {
            const std::size_t below = (height - 1 - row) * 8;
            const std::size_t filled = std::clamp<std::size_t>(eighths, below, below + 8) - below;
            // The lowest step is a dot in ASCII too, so that something is seen.
            const std::size_t step = !utf8 && row + 1 == height && filled == 1 ? 2 : filled;
            lines[row] += utf8 ? vertical.at(step) : vertical_ascii.at(step);
        }
    }
    return lines;
}

} // namespace xdpstat
