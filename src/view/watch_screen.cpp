// SPDX-License-Identifier: BSD-2-Clause
#include "view/watch_screen.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include <fmt/format.h>

#include "view/class_style.hpp"
#include "view/graph.hpp"
#include "view/human.hpp"
#include "view/names.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t two_columns_from = 76; ///< narrower screens show one section below the other
constexpr std::size_t widest_column = 64;    ///< longer bars are harder to compare, not easier
constexpr std::size_t highest_graph = 8;

/// Lines that are shown together or not at all.
struct Block {
    std::vector<Line> lines;
    unsigned priority; ///< 0 stays longest where the screen is small
    bool gap_before;   ///< an empty line sets it off where there is room
};

std::string packet_rate(const Rates& rates, __u64 packets)
{
    return rates.seconds > 0 ? human_rate(rates.per_second(packets), "pps") : "-";
}

std::string volume_rate(const WatchFacts& facts, const Rates& rates)
{
    if (rates.seconds <= 0)
        return "-";
    const double bytes = rates.per_second(rates.stats.total_bytes);
    return facts.bytes ? human_rate(bytes, "B/s") : human_rate(8 * bytes, "bit/s");
}

std::string sparkline(const std::vector<double>& values, bool utf8)
{
    return graph(values, 1, utf8).front();
}

std::string interval_text(double seconds)
{
    return fmt::format("every {:.6g}s", seconds);
}

Line title_line(const WatchFacts& facts, const WatchedInterface& shown, std::size_t width)
{
    const Instance& instance = shown.instance;
    Line line(printable(instance.interface), Style::title);
    line.add("  " + instance.mode, instance.mode == "native" ? Style::normal : Style::warning);
    const std::string more =
        fmt::format(", {}, {}", instance.layout ? to_string(*instance.layout) : "layout unknown",
                    interval_text(facts.interval));
    const std::string right =
        facts.paused ? "PAUSED" : rfc3339(shown.latest.wall_clock).substr(11, 8) + " UTC"; // the time alone
    if (line.width() + more.size() + 2 + right.size() <= width)
        line.add(more);
    if (line.width() + 2 + right.size() <= width || facts.paused) {
        line.truncate(width - std::min(width, right.size() + 1));
        line.add_right(right, width, facts.paused ? Style::warning : Style::faint);
    }
    return line;
}

std::vector<Line> notices(const WatchedInterface& shown)
{
    std::vector<Line> lines;
    if (shown.state == WatchState::gone)
        lines.emplace_back("The interface is gone: last counts", Style::warning);
    if (shown.state == WatchState::detached)
        lines.emplace_back("The counter was detached: last counts", Style::warning);
    if (shown.new_instance)
        lines.emplace_back("New counter, attached " + human_time(shown.instance.since).substr(11),
                           Style::warning);
    return lines;
}

std::vector<Line> interface_table(const WatchFacts& facts, std::size_t width, std::size_t rows)
{
    constexpr std::size_t packets_width = 10;
    constexpr std::size_t volume_width = 12;
    std::size_t name_width = 0;
    for (const WatchedInterface& watched : facts.interfaces)
        name_width = std::max(name_width, display_width(printable(watched.instance.interface)));
    const std::size_t packets_end = 2 + name_width + packets_width;
    const std::size_t volume_end = packets_end + volume_width;

    const std::size_t count = facts.interfaces.size();
    rows = std::min(rows, count);
    const std::size_t middle = facts.selected - std::min(facts.selected, rows / 2);
    const std::size_t first = std::min(middle, count - rows);
    std::vector<Line> lines;
    for (std::size_t i = first; i < first + rows; i++) {
        const WatchedInterface& watched = facts.interfaces[i];
        Line line(i < 9 ? std::to_string(i + 1) + " " : "  ", Style::faint);
        line.add(printable(watched.instance.interface),
                 i == facts.selected ? Style::selected : Style::strong);
        if (watched.state == WatchState::counting) {
            line.add_right(packet_rate(watched.rates, watched.rates.stats.total_packets), packets_end);
            line.add_right(volume_rate(facts, watched.rates), volume_end);
            if (width > volume_end + 4)
                line.pad_to(volume_end + 2)
                    .add(sparkline(watched.history.packet_rates(width - volume_end - 2), facts.utf8),
                         Style::bar);
        } else {
            line.pad_to(2 + name_width + 1);
            line.add(watched.state == WatchState::gone ? "interface gone" : "detached", Style::warning);
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<Line> headline(const WatchFacts& facts, const WatchedInterface& shown, std::size_t width)
{
    constexpr std::size_t value_end = 22;
    constexpr std::size_t line_start = 24;
    const std::size_t columns = width > line_start ? width - line_start : 0;
    Line packets("packets");
    packets.add_right(packet_rate(shown.rates, shown.rates.stats.total_packets), value_end, Style::strong);
    Line volume(facts.bytes ? "bytes" : "bits");
    volume.add_right(volume_rate(facts, shown.rates), value_end, Style::strong);
    if (columns > 0) {
        packets.pad_to(line_start)
            .add(sparkline(shown.history.packet_rates(columns), facts.utf8), Style::bar);
        volume.pad_to(line_start).add(sparkline(shown.history.byte_rates(columns), facts.utf8), Style::bar);
    }
    return {packets, volume};
}

/// LABEL  1.23 Mpps  12.3%  ████
Line share_line(const WatchFacts& facts, const Rates& rates, std::string_view label, __u64 part, __u64 total,
                std::size_t width, Style style)
{
    constexpr std::size_t rate_end = 20;
    constexpr std::size_t share_end = 27;
    constexpr std::size_t bar_start = 28;
    Line line;
    line.pad_to(1).add(label);
    line.add_right(packet_rate(rates, part), rate_end);
    line.add_right(human_share(part, total), share_end);
    if (width > bar_start)
        line.pad_to(bar_start).add(
            bar(static_cast<double>(part), static_cast<double>(total), width - bar_start, facts.utf8), style);
    return line;
}

struct Sections {
    std::vector<Line> classes;
    std::vector<Line> versions;
    std::vector<Line> sizes;
};

Sections sections(const WatchFacts& facts, const WatchedInterface& shown, std::size_t width)
{
    const pkt_stats& stats = shown.rates.stats;
    const auto share = [&](std::string_view label, __u64 part, __u64 total, Style style) {
        return share_line(facts, shown.rates, label, part, total, width, style);
    };
    Sections result;
    result.classes.emplace_back("Protocol", Style::heading);
    for (std::size_t i = 0; i < TRAFFIC_CLASS_COUNT; i++) {
        const auto value = static_cast<traffic_class>(i);
        result.classes.push_back(
            share(name_of(value).label, stats.*class_counters.at(i), stats.total_packets, style_of(value)));
    }
    result.versions.emplace_back("IP version", Style::heading);
    result.versions.push_back(share("IPv4", stats.ipv4_packets, stats.total_packets, Style::bar));
    result.versions.push_back(share("IPv6", stats.ipv6_packets, stats.total_packets, Style::bar));
    result.versions.push_back(share("not IP", not_ip(stats), stats.total_packets, Style::bar));

    if (!shown.latest.has_breakdown) {
        result.sizes.emplace_back("Sizes: the breakdown is off", Style::faint);
        return result;
    }
    result.sizes.emplace_back("Frame size in bytes", Style::heading);
    const auto sizes = by_size(shown.rates.traffic);
    __u64 total = 0;
    for (const Cell& size : sizes)
        total += size.packets;
    for (std::size_t i = 0; i < TRAFFIC_SIZE_COUNT; i++)
        result.sizes.push_back(
            share(name_of(static_cast<traffic_size>(i)).label, sizes.at(i).packets, total, Style::bar));
    return result;
}

std::vector<Line> side_by_side(const std::vector<Line>& left, const std::vector<Line>& right,
                               std::size_t column)
{
    std::vector<Line> lines;
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); i++) {
        Line line = i < left.size() ? left[i] : Line();
        if (i < right.size())
            line.pad_to(column).add(right[i]);
        lines.push_back(std::move(line));
    }
    return lines;
}

Line totals_line(const WatchedInterface& shown, std::size_t width)
{
    const pkt_stats& stats = shown.latest.stats;
    Line line("total ", Style::faint);
    line.add(grouped(stats.total_packets), Style::strong).add(" packets");
    const std::string bytes = ", " + human_bytes(stats.total_bytes);
    if (line.width() + bytes.size() <= width)
        line.add(bytes);
    const std::string since = " since " + human_time(shown.instance.since);
    if (line.width() + since.size() <= width)
        line.add(since, Style::faint);
    return line;
}

Line keys_line(const WatchFacts& facts)
{
    Line line("q", Style::strong);
    line.add(" quit  ", Style::faint).add("p", Style::strong);
    line.add(facts.paused ? " go on  " : " pause  ", Style::faint).add("b", Style::strong);
    line.add(facts.bytes ? " bits" : " bytes", Style::faint);
    if (facts.interfaces.size() > 1)
        line.add("  1-9 arrows", Style::strong).add(" interface", Style::faint);
    return line;
}

std::vector<Line> history_graph(const WatchFacts& facts, const WatchedInterface& shown, std::size_t width,
                                std::size_t height)
{
    const std::vector<double> values = shown.history.packet_rates(width);
    std::vector<Line> lines;
    if (values.empty())
        return lines;
    Line caption("Packets/s", Style::heading);
    caption.add(fmt::format("  last {}, peak {}", human_duration(shown.history.span()),
                            human_rate(*std::ranges::max_element(values), "pps")),
                Style::faint);
    lines.push_back(std::move(caption));
    for (const std::string& row : graph(values, height, facts.utf8))
        lines.emplace_back(row, Style::bar);
    return lines;
}

std::vector<Block> make_blocks(const WatchFacts& facts, const WatchedInterface& shown, ScreenSize size)
{
    std::vector<Block> blocks;
    blocks.push_back({{title_line(facts, shown, size.width)}, 0, false});
    if (auto lines = notices(shown); !lines.empty())
        blocks.push_back({std::move(lines), 0, false});
    if (facts.interfaces.size() > 1)
        blocks.push_back(
            {interface_table(facts, size.width, std::max<std::size_t>(2, size.height / 3)), 1, true});
    blocks.push_back({headline(facts, shown, size.width), 0, true});

    if (size.width >= two_columns_from) {
        const std::size_t width = std::min(widest_column, (size.width - 2) / 2);
        Sections parts = sections(facts, shown, width);
        std::vector<Line> left = parts.classes;
        left.emplace_back();
        left.insert(left.end(), parts.versions.begin(), parts.versions.end());
        // What is too high for the screen shows its upper part: the protocols and the small frames.
        std::vector<Line> both = side_by_side(left, parts.sizes, width + 2);
        const auto upper = both.begin() + static_cast<std::ptrdiff_t>(parts.classes.size());
        blocks.push_back({std::vector<Line>(both.begin(), upper), 2, true});
        blocks.push_back({std::vector<Line>(upper, both.end()), 5, false});
    } else {
        Sections parts = sections(facts, shown, std::min(widest_column, size.width));
        // The four names say what they are: on a small screen their heading goes first.
        if (size.height < 14)
            parts.classes.erase(parts.classes.begin());
        blocks.push_back({std::move(parts.classes), 2, true});
        blocks.push_back({std::move(parts.versions), 6, true});
        blocks.push_back({std::move(parts.sizes), 5, true});
    }
    blocks.push_back({{totals_line(shown, size.width)}, 3, true});
    blocks.push_back({{keys_line(facts)}, 4, false});
    return blocks;
}

/// Leaves out what does not fit, the highest numbers of priority first.
void fit(std::vector<Block>& blocks, std::size_t height)
{
    std::size_t used = 0;
    std::vector<Block*> wanted;
    wanted.reserve(blocks.size());
    for (Block& block : blocks)
        wanted.push_back(&block);
    std::ranges::stable_sort(wanted, {}, &Block::priority);
    for (Block* block : wanted) {
        if (used + block->lines.size() > height)
            block->lines.clear();
        used += block->lines.size();
    }
    std::erase_if(blocks, [](const Block& block) { return block.lines.empty(); });
}

} // namespace

std::vector<Line> watch_screen(const WatchFacts& facts, ScreenSize size)
{
    if (facts.interfaces.empty() || size.width == 0 || size.height == 0)
        return {};
    const WatchedInterface& shown = facts.interfaces[std::min(facts.selected, facts.interfaces.size() - 1)];
    std::vector<Block> blocks = make_blocks(facts, shown, size);
    fit(blocks, size.height);

    std::size_t room = size.height;
    for (const Block& block : blocks)
        room -= block.lines.size();
    for (Block& block : blocks) {
        block.gap_before = block.gap_before && room > 0;
        room -= block.gap_before ? 1 : 0;
    }

    // What room is left goes to a higher graph, below the headline.
    constexpr std::size_t lowest_graph = 3;
    constexpr std::size_t around_graph = 2; // an empty line and the caption
    std::vector<Line> high_graph;
    if (room >= lowest_graph + around_graph)
        high_graph = history_graph(facts, shown, size.width, std::min(highest_graph, room - around_graph));

    std::vector<Line> screen;
    for (const Block& block : blocks) {
        const bool totals = block.priority == 3;
        if (totals && !high_graph.empty()) {
            screen.emplace_back();
            screen.insert(screen.end(), high_graph.begin(), high_graph.end());
        }
        if (block.gap_before)
            screen.emplace_back();
        screen.insert(screen.end(), block.lines.begin(), block.lines.end());
    }
    for (Line& line : screen)
        line.truncate(size.width);
    return screen;
}

} // namespace xdpstat
