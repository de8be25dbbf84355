// SPDX-License-Identifier: BSD-2-Clause
#include "cli/watch.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.hpp"
#include "cli/watch_events.hpp"
#include "cli/watch_session.hpp"
#include "view/rate_line.hpp"

namespace xdpstat {

namespace {

using std::chrono::steady_clock;

constexpr double shortest_interval = 0.05; ///< seconds
constexpr double longest_interval = 86400;

constexpr const char* examples =
    R"(Keys: q ends, p or space pauses, b changes between bits and bytes, 1-9, the arrows and Tab choose an interface, Ctrl-L
draws anew.

Examples:
  sudo xdpstat watch                        every attached interface
  sudo xdpstat watch eth0 -i 0.2            five times a second
  sudo xdpstat watch eth0 -n 10 > rates     ten lines, one a second)";

bool has_screen()
{
    const char* type = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && !(type != nullptr && std::string_view(type) == "dumb");
}

enum class Written { all, nobody_reads };

/// Writes at once. That nobody reads any more is no error.
bpfxx::Result<Written> write_out(std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno == EPIPE)
            return Written::nobody_reads;
        else if (errno != EINTR)
            return std::unexpected(bpfxx::system_error("write to", "standard output", errno));
    }
    return Written::all;
}

/// What both ways of watching share: when to sample, when to look for lost interfaces, when to end.
class Pace {
public:
    Pace(WatchSession& session, std::uint64_t count) : session_(session), count_(count) {}

    /// Samples at the end of an interval. Returns what changed since the last time.
    bpfxx::Result<std::vector<std::string>> tick()
    {
        std::vector<std::string> changes;
        if (const auto now = steady_clock::now(); now >= next_look_) {
            next_look_ = now + std::chrono::seconds(1);
            auto seen = session_.look_again();
            if (!seen)
                return seen;
            if (!session_.any_counting())
                return std::unexpected(session_.nothing_left());
            changes = std::move(*seen);
        }
        BPFXX_TRY(session_.sample());
        ticks_++;
        return changes;
    }

    [[nodiscard]] bool at_end() const { return count_ != 0 && ticks_ >= count_; }

private:
    WatchSession& session_;
    std::uint64_t count_;
    std::uint64_t ticks_ = 0;
    steady_clock::time_point next_look_ = steady_clock::now() + std::chrono::seconds(1);
};

bpfxx::Result<> watch_in_lines(WatchSession& session, WatchEvents& events, const WatchOptions& options)
{
    auto written = write_out(rate_line_header());
    Pace pace(session, options.count);
    while (written && *written == Written::all && !pace.at_end()) {
        const auto event = events.wait();
        if (!event)
            return std::unexpected(event.error());
        if (event->quit || event->closed)
            return {};
        if (!event->tick)
            continue;
        const auto changes = pace.tick();
        if (!changes)
            return std::unexpected(changes.error());
        for (const std::string& change : *changes)
            std::fprintf(stderr, "xdpstat: %s\n", change.c_str());
        std::string text;
        for (const WatchedInterface& watched : session.interfaces())
            if (watched.rates.seconds > 0)
                text += rate_line(watched.latest.wall_clock, watched.instance.interface, watched.rates);
        written = write_out(text);
    }
    if (!written)
        return std::unexpected(written.error());
    return {};
}

enum class Wish { go_on, quit };

/// Does what the keys say.
Wish obey_keys(Terminal& terminal, WatchFacts& facts)
{
    while (const auto press = terminal.read_key()) {
        const std::size_t count = facts.interfaces.size();
        if (press->key == Key::redraw)
            terminal.resume();
        else if (press->key == Key::next)
            facts.selected = (facts.selected + 1) % count;
        else if (press->key == Key::previous)
            facts.selected = (facts.selected + count - 1) % count;
        else if (press->character == 'q' || press->character == 'Q')
            return Wish::quit;
        else if (press->character == 'p' || press->character == ' ')
            facts.paused = !facts.paused;
        else if (press->character == 'b')
            facts.bytes = !facts.bytes;
        else if (press->character >= '1' && press->character <= '9')
            facts.selected = std::min(count - 1, static_cast<std::size_t>(press->character - '1'));
    }
    return Wish::go_on;
}

bpfxx::Result<> watch_on_screen(WatchSession& session, WatchEvents& events, Terminal& terminal,
                                WatchFacts facts, const WatchOptions& options)
{
    Pace pace(session, options.count);
    facts.interfaces = session.interfaces();
    while (!pace.at_end()) {
        terminal.draw(watch_screen(facts, terminal.size()));
        const auto event = events.wait();
        if (!event)
            return std::unexpected(event.error());
        if (event->quit || event->closed)
            return {};
        if (event->suspended) {
            terminal.suspend();
            WatchEvents::stop_process();
        }
        if (event->suspended || event->resumed)
            terminal.resume();
        if (event->resized)
            terminal.resize();
        if (event->input && obey_keys(terminal, facts) == Wish::quit)
            return {};
        if (event->tick) {
            const auto changes = pace.tick();
            if (!changes)
                return std::unexpected(changes.error());
        }
        // Counting goes on in a pause, so that the history has no hole.
        if (!facts.paused)
            facts.interfaces = session.interfaces();
    }
    return {};
}

bpfxx::Result<> watch_as_output_allows(WatchSession& session, const WatchOptions& options)
{
    const auto interval =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(options.interval));
    const bool screen = has_screen();
    auto events = WatchEvents::open(interval, screen);
    if (!events)
        return std::unexpected(std::move(events).error());
    if (!screen)
        return watch_in_lines(session, *events, options);

    WatchFacts facts;
    facts.interval = options.interval;
    facts.utf8 = takes_utf8();
    auto terminal = Terminal::open(wants_color());
    if (!terminal) {
        std::fprintf(stderr, "xdpstat: %s; printing lines instead\n", terminal.error().message().c_str());
        return watch_in_lines(session, *events, options);
    }
    return watch_on_screen(session, *events, *terminal, std::move(facts), options);
}

} // namespace

int watch(const std::vector<std::string>& interfaces, const WatchOptions& options, const Context& context)
{
    auto session = WatchSession::open(PinRoot(context.pin_root), interfaces, context.proof);
    if (!session)
        return report(session.error());
    try {
        const auto result = watch_as_output_allows(*session, options);
        return result ? exit_ok : report(result.error());
    } catch (...) {
        // To be caught at all, and not only by the runtime, is what gives the terminal back on the way here.
        throw;
    }
}

void add_watch_options(CLI::App& command, WatchOptions& options)
{
    const auto check_interval = [](const std::string& text) -> std::string {
        double seconds = 0;
        // What is no number fails here too; so does NaN, which is in no range.
        if (CLI::detail::lexical_cast(text, seconds) && seconds >= shortest_interval &&
            seconds <= longest_interval)
            return {};
        return fmt::format("an interval is {} to {:.0f} seconds, not {}", shortest_interval, longest_interval,
                           text);
    };
    const auto check_count = [](const std::string& text) -> std::string {
        std::uint64_t count = 0;
        const char* end = text.data() + text.size();
        const auto [parsed_to, error] = std::from_chars(text.data(), end, count);
        if (error == std::errc() && parsed_to == end && count > 0)
            return {};
        return fmt::format("a count is a whole number above 0, not {}", text);
    };
    command.add_option("-i,--interval", options.interval, "Seconds between two readings, from 0.05 up")
        ->check(CLI::Validator(check_interval, ""))
        ->type_name("SECONDS")
        ->capture_default_str();
    command.add_option("-n,--count", options.count, "End after so many intervals")
        ->check(CLI::Validator(check_count, ""))
        ->type_name("COUNT");
}

void add_watch(CLI::App& program, Context& context)
{
    struct Arguments {
        std::vector<std::string> interfaces;
        WatchOptions options;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("watch", "Live rates: in the terminal, or a line an interval in a pipe");
    command->add_option("IFACE", arguments->interfaces, "Interfaces; all attached ones where none is named");
    add_watch_options(*command, arguments->options);
    command->footer(examples);
    command->callback([arguments, &context] {
        context.exit_code = watch(arguments->interfaces, arguments->options, context);
    });
}

} // namespace xdpstat
