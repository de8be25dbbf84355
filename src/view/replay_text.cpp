// SPDX-License-Identifier: BSD-2-Clause
#include <vector>

#include <fmt/format.h>

#include "view/counters_page.hpp"
#include "view/human.hpp"
#include "view/line.hpp"
#include "view/names.hpp"
#include "view/replay.hpp"

namespace xdpstat {

namespace {

std::string_view words_for(ReplayEngine engine) noexcept
{
    return engine == ReplayEngine::kernel ? "by the BPF program in the kernel"
                                          : "by the program's parser in user space";
}

Snapshot snapshot_of(const ReplayCounts& counts)
{
    Snapshot snapshot;
    snapshot.stats = roll_up(counts.traffic);
    snapshot.traffic = counts.traffic;
    snapshot.has_breakdown = true;
    return snapshot;
}

void add_note(Page& page, const std::string& text, Style style)
{
    Line line;
    line.pad_to(label_column).add(text, style);
    page.line(std::move(line));
}

std::string frames(std::uint64_t number)
{
    return grouped(number) + (number == 1 ? " frame" : " frames");
}

void add_notes(Page& page, const ReplayCounts& counts)
{
    if (counts.cut > 0)
        add_note(page, frames(counts.cut) + " cut: counted by the length on the wire, parsed as captured",
                 Style::normal);
    if (counts.aside > 0)
        add_note(page,
                 frames(counts.aside) +
                     " too short or too long for the kernel's test run: parsed in user space",
                 Style::normal);
}

void add_capture(Page& page, const ReplayedCapture& capture, const ReplayBy& by)
{
    Line title;
    title.add(printable(capture.file), Style::title);
    title.add(fmt::format("  {}, {}", capture.format, words_for(by.engine)));
    page.line(std::move(title));
    if (!by.reason.empty())
        add_note(page, "not by the kernel: " + printable(by.reason), Style::faint);
    if (!capture.problem.empty())
        add_note(page, "not to the end: " + printable(capture.problem), Style::warning);
    add_notes(page, capture.counts);
    add_counters(page, snapshot_of(capture.counts));
}

void add_sum(Page& page, std::span<const ReplayedCapture> captures)
{
    Snapshot sum;
    sum.has_breakdown = true;
    for (const ReplayedCapture& capture : captures)
        accumulate(sum.traffic, capture.counts.traffic);
    sum.stats = roll_up(sum.traffic);
    page.line(Line(fmt::format("Sum of {} captures", captures.size()), Style::title));
    add_counters(page, sum);
}

} // namespace

const char* to_string(ReplayEngine engine) noexcept
{
    return engine == ReplayEngine::kernel ? "kernel" : "user";
}

std::string replay_text(std::span<const ReplayedCapture> captures, const ReplayBy& by,
                        const TextOptions& options)
{
    Page page(options.utf8);
    for (const ReplayedCapture& capture : captures) {
        if (&capture != captures.data()) {
            page.blank();
            page.blank();
        }
        add_capture(page, capture, by);
    }
    if (captures.size() > 1) {
        page.blank();
        page.blank();
        add_sum(page, captures);
    }
    return to_text(page.take(), options.color);
}

std::string replay_frame_header(const std::string& file, const ReplayBy& by)
{
    const std::string reason = by.reason.empty() ? "" : "; not by the kernel: " + printable(by.reason);
    return fmt::format("{}  {}{}\n{:>10}  {:>8}  {:<13}  {:<9}  {:<5}  {}\n", printable(file),
                       words_for(by.engine), reason, "frame", "length", "network", "transport", "class",
                       "size");
}

std::string replay_frame_line(const ReplayedFrame& frame)
{
    const traffic_place& place = frame.place;
    return fmt::format("{:>10}  {:>8}  {:<13}  {:<9}  {:<5}  {}\n", frame.number, frame.length,
                       name_of(place.network).key, name_of(place.transport).key,
                       name_of(traffic_class_of(place.transport)).key, name_of(place.size).key);
}

} // namespace xdpstat
