// SPDX-License-Identifier: BSD-2-Clause
#include "view/show_text.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "view/counters_page.hpp"
#include "view/human.hpp"
#include "view/line.hpp"

namespace xdpstat {

namespace {

void add_interface(Page& page, const Reading& reading)
{
    const Instance& instance = reading.instance;
    Line header;
    header.add(printable(instance.interface), Style::title);
    header.add("  " + instance.mode, instance.mode == "native" ? Style::normal : Style::warning);
    const auto age = std::chrono::floor<std::chrono::seconds>(reading.snapshot.wall_clock - instance.since);
    header.add(fmt::format(", {}, since {}", instance.layout ? to_string(*instance.layout) : "layout unknown",
                           human_time(instance.since)));
    const std::string ago = fmt::format(" ({} ago)", human_duration(age));
    if (header.width() + ago.size() <= page_width)
        header.add(ago, Style::faint);
    page.line(std::move(header));

    if (instance.mode == mode_detached)
        page.line(Line("  nothing is counted any more: this is what was counted until then", Style::warning));
    if (instance.mode == mode_elsewhere)
        page.line(Line("  the interface is in another network namespace", Style::warning));

    add_counters(page, reading.snapshot);
    if (!reading.snapshot.has_breakdown) {
        page.blank();
        page.line(Line("  The breakdown is switched off.", Style::faint));
    }
}

void add_sum(Page& page, std::span<const Reading> readings)
{
    Snapshot sum;
    sum.has_breakdown =
        std::ranges::all_of(readings, [](const Reading& reading) { return reading.snapshot.has_breakdown; });
    for (const Reading& reading : readings) {
        accumulate(sum.stats, reading.snapshot.stats);
        accumulate(sum.traffic, reading.snapshot.traffic);
    }
    page.line(Line(fmt::format("Sum of {} interfaces", readings.size()), Style::title));
    add_counters(page, sum);
}

} // namespace

std::string show_text(std::span<const Reading> readings, const TextOptions& options)
{
    Page page(options.utf8);
    for (const Reading& reading : readings) {
        if (&reading != readings.data()) {
            page.blank();
            page.blank();
        }
        add_interface(page, reading);
    }
    if (readings.size() > 1) {
        page.blank();
        page.blank();
        add_sum(page, readings);
    }
    return to_text(page.take(), options.color);
}

} // namespace xdpstat
