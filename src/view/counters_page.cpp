// SPDX-License-Identifier: BSD-2-Clause
#include "view/counters_page.hpp"

#include <fmt/format.h>

#include "view/class_style.hpp"
#include "view/graph.hpp"
#include "view/human.hpp"
#include "view/names.hpp"

namespace xdpstat {

namespace {

// Columns. A packet count needs up to 26: 2^64 - 1 in groups of three.
constexpr std::size_t transport_column = 17;
constexpr std::size_t count_end = 54;
constexpr std::size_t bytes_end = 66;
constexpr std::size_t share_end = 75;
constexpr std::size_t plain_count_end = 42;
constexpr std::size_t plain_share_end = 51;
constexpr std::size_t bar_column = 53;
constexpr std::size_t bar_width = 26;

void add_totals(Page& page, const pkt_stats& stats)
{
    page.blank();
    Line packets;
    packets.pad_to(label_column)
        .add("packets")
        .add_right(grouped(stats.total_packets), plain_count_end, Style::strong);
    if (stats.total_packets > 0)
        packets.add(fmt::format("  {} bytes a packet", grouped(stats.total_bytes / stats.total_packets)),
                    Style::faint);
    page.line(std::move(packets));

    Line bytes;
    bytes.pad_to(label_column)
        .add("bytes")
        .add_right(grouped(stats.total_bytes), plain_count_end, Style::strong);
    if (stats.total_bytes >= 1024)
        bytes.add(fmt::format("  {}", human_bytes(stats.total_bytes)), Style::faint);
    page.line(std::move(bytes));
}

void add_classes(Page& page, const pkt_stats& stats)
{
    page.heading("Protocol");
    for (std::size_t i = 0; i < TRAFFIC_CLASS_COUNT; i++) {
        const auto value = static_cast<traffic_class>(i);
        page.share(name_of(value).label, stats.*class_counters.at(i), stats.total_packets, style_of(value));
    }
}

void add_versions(Page& page, const pkt_stats& stats)
{
    page.heading("IP version");
    page.share("IPv4", stats.ipv4_packets, stats.total_packets, Style::bar);
    page.share("IPv6", stats.ipv6_packets, stats.total_packets, Style::bar);
    page.share("not IP", not_ip(stats), stats.total_packets, Style::bar);
}

void add_breakdown(Page& page, const traffic_stats& traffic, __u64 total)
{
    Line heading;
    heading.add("Network        Transport", Style::heading);
    heading.add_right("packets", count_end, Style::faint);
    heading.add_right("bytes", bytes_end, Style::faint);
    heading.add_right("share", share_end, Style::faint);

    bool any = false;
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++) {
        bool first_of_network = true;
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
            Cell sum{};
            for (const Cell& cell : traffic.cell[network][transport]) {
                sum.packets += cell.packets;
                sum.bytes += cell.bytes;
            }
            if (sum.packets == 0)
                continue;
            if (!any) {
                page.blank();
                page.line(heading);
            }
            any = true;
            Line line;
            line.pad_to(label_column);
            if (first_of_network)
                line.add(name_of(static_cast<traffic_network>(network)).label);
            first_of_network = false;
            line.pad_to(transport_column).add(name_of(static_cast<traffic_transport>(transport)).label);
            line.add_right(grouped(sum.packets), count_end, Style::strong);
            line.add_right(human_bytes(sum.bytes), bytes_end);
            line.add_right(human_share(sum.packets, total), share_end);
            page.line(std::move(line));
        }
    }
}

void add_sizes(Page& page, const traffic_stats& traffic, __u64 total)
{
    page.heading("Frame size in bytes");
    const auto sizes = by_size(traffic);
    for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++)
        page.share(name_of(static_cast<traffic_size>(size)).label, sizes.at(size).packets, total, Style::bar);
}

} // namespace

void Page::heading(std::string_view what)
{
    blank();
    lines_.emplace_back(what, Style::heading);
}

void Page::share(std::string_view label, __u64 packets, __u64 total, Style style)
{
    Line line;
    line.pad_to(label_column).add(label);
    line.add_right(grouped(packets), plain_count_end, Style::strong);
    line.add_right(human_share(packets, total), plain_share_end);
    line.pad_to(bar_column);
    line.add(bar(static_cast<double>(packets), static_cast<double>(total), bar_width, utf8_), style);
    lines_.push_back(std::move(line));
}

void add_counters(Page& page, const Snapshot& snapshot)
{
    add_totals(page, snapshot.stats);
    // Nothing to break down: a page of zeros would hide that.
    if (snapshot.stats.total_packets == 0)
        return;
    add_classes(page, snapshot.stats);
    add_versions(page, snapshot.stats);
    if (!snapshot.has_breakdown)
        return;
    // Shares of the breakdown's own sum: it is read a moment after the headline, or was not always on.
    const __u64 total = roll_up(snapshot.traffic).total_packets;
    add_breakdown(page, snapshot.traffic, total);
    add_sizes(page, snapshot.traffic, total);
}

} // namespace xdpstat
