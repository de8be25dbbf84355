// SPDX-License-Identifier: BSD-2-Clause
#include "view/rate_line.hpp"

#include <fmt/format.h>

#include "view/human.hpp"
#include "view/line.hpp"
#include "view/names.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t time_width = 24;
constexpr std::size_t name_width = 15;
constexpr std::size_t packets_width = 11;
constexpr std::size_t bits_width = 15;

/// A number without a unit: a fraction only where it is small enough to matter.
std::string plain_rate(double per_second)
{
    return per_second > 0 && per_second < 9.95 ? fmt::format("{:.1f}", per_second)
                                               : fmt::format("{:.0f}", per_second);
}

} // namespace

std::string rate_line_header()
{
    std::string text = fmt::format("{:<{}}  {:<{}}  {:>{}}  {:>{}}", "time", time_width, "interface",
                                   name_width, "packets/s", packets_width, "bits/s", bits_width);
    for (std::size_t i = 0; i < TRAFFIC_CLASS_COUNT; i++)
        text += fmt::format("  {:>{}}", fmt::format("{}/s", name_of(static_cast<traffic_class>(i)).key),
                            packets_width);
    return text + "\n";
}

std::string rate_line(std::chrono::system_clock::time_point time, const std::string& interface,
                      const Rates& rates)
{
    const std::string name = printable(interface);
    const std::size_t width = display_width(name);
    std::string text = rfc3339(time) + "  " + name;
    text.append(width < name_width ? name_width - width : 0, ' ');
    text += fmt::format("  {:>{}}  {:>{}}", plain_rate(rates.per_second(rates.stats.total_packets)),
                        packets_width, plain_rate(8 * rates.per_second(rates.stats.total_bytes)), bits_width);
    for (const auto counter : class_counters)
        text += fmt::format("  {:>{}}", plain_rate(rates.per_second(rates.stats.*counter)), packets_width);
    return text + "\n";
}

} // namespace xdpstat
