// SPDX-License-Identifier: BSD-2-Clause
#include "cli/map_watch.hpp"

#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "cli/context.hpp"
#include "cli/terminal.hpp"
#include "cli/watch_events.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

std::chrono::nanoseconds nanoseconds_of(double seconds)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

/// A reading for a pipe: a document, or the time and the table with an empty line behind it.
std::string page_of(const MapReading& reading, const MapWatch& watch)
{
    if (watch.json)
        return map_json_line(reading);
    std::string text = rfc3339(reading.taken) + "  ";
    text += to_text(map_lines(reading, {.color = false, .width = 0, .all = watch.all}), false);
    return text + "\n";
}

/// A reading for a screen, cut to its size.
std::vector<Line> screen_of(const MapReading& reading, const MapWatch& watch, ScreenSize size)
{
    std::vector<Line> lines = map_lines(reading, {.color = true, .width = size.width, .all = watch.all});
    lines.front().add("  q ends", Style::faint);
    if (lines.size() > size.height)
        lines.resize(size.height);
    for (Line& line : lines)
        line.truncate(size.width);
    return lines;
}

bool wants_end(Terminal& terminal)
{
    while (const auto press = terminal.read_key()) {
        if (press->key == Key::redraw)
            terminal.resume();
        if (press->character == 'q' || press->character == 'Q')
            return true;
    }
    return false;
}

enum class After { end, tick, redraw };

/// Waits for the next thing to do, and does what the terminal needs.
bpfxx::Result<After> next_step(WatchEvents& events, Terminal* terminal)
{
    const auto event = events.wait();
    if (!event)
        return std::unexpected(event.error());
    if (event->quit || event->closed)
        return After::end;
    if (terminal != nullptr) {
        if (event->suspended) {
            terminal->suspend();
            WatchEvents::stop_process();
        }
        if (event->suspended || event->resumed)
            terminal->resume();
        if (event->resized)
            terminal->resize();
        if (event->input && wants_end(*terminal))
            return After::end;
    }
    return event->tick ? After::tick : After::redraw;
}

} // namespace

bpfxx::Result<> watch_map(MapSource& source, const MapQuery& query, const MapWatch& watch)
{
    const bool wants_screen = !watch.json && ::isatty(STDOUT_FILENO) == 1;
    auto events = WatchEvents::open(nanoseconds_of(watch.interval), wants_screen);
    if (!events)
        return std::unexpected(std::move(events).error());
    std::optional<Terminal> terminal;
    auto reading = source.read(query);
    if (reading && wants_screen) {
        // A terminal that has no screen gets what a pipe gets.
        if (auto opened = Terminal::open(wants_color()); opened)
            terminal.emplace(std::move(*opened));
    }
    for (std::uint64_t shown = 0; reading;) {
        const bool is_shown = !query.rate || reading->seconds.has_value();
        if (terminal && is_shown) {
            terminal->draw(screen_of(*reading, watch, terminal->size()));
        } else if (is_shown) {
            std::fputs(page_of(*reading, watch).c_str(), stdout);
            if (std::fflush(stdout) != 0)
                return {}; // whether that is a failure is told when the program ends
        }
        if (is_shown && watch.count != 0 && ++shown >= watch.count)
            return {};
        for (After after = After::redraw; after != After::tick;) {
            const auto step = next_step(*events, terminal ? &*terminal : nullptr);
            if (!step)
                return std::unexpected(step.error());
            after = *step;
            if (after == After::end)
                return {};
            if (after == After::redraw && terminal && is_shown)
                terminal->draw(screen_of(*reading, watch, terminal->size()));
        }
        reading = source.read(query);
    }
    return std::unexpected(std::move(reading).error());
}

bpfxx::Result<bool> wait_interval(double seconds)
{
    auto events = WatchEvents::open(nanoseconds_of(seconds), false);
    if (!events)
        return std::unexpected(std::move(events).error());
    for (;;) {
        const auto event = events->wait();
        if (!event)
            return std::unexpected(event.error());
        if (event->quit || event->closed)
            return false;
        if (event->tick)
            return true;
    }
}

} // namespace xdpstat
