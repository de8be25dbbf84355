// SPDX-License-Identifier: BSD-2-Clause
#include "view/show_csv.hpp"

#include <fmt/format.h>

#include "view/human.hpp"
#include "view/names.hpp"

namespace xdpstat {

namespace {

std::string quoted(const std::string& field)
{
    if (field.find_first_of(",\"\r\n") == std::string::npos)
        return field;
    std::string text = "\"";
    for (const char c : field) {
        if (c == '"')
            text += '"';
        text += c;
    }
    return text + "\"";
}

void add_cells(std::string& text, const std::string& row_start, const traffic_stats& traffic)
{
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++) {
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
            for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++) {
                const Cell& cell = traffic.cell[network][transport][size];
                if (cell.packets == 0 && cell.bytes == 0)
                    continue;
                const std::string where =
                    fmt::format("{},{},{}", name_of(static_cast<traffic_network>(network)).key,
                                name_of(static_cast<traffic_transport>(transport)).key,
                                name_of(static_cast<traffic_size>(size)).key);
                text += fmt::format("{},packets,{},{}\n", row_start, where, cell.packets);
                text += fmt::format("{},bytes,{},{}\n", row_start, where, cell.bytes);
            }
        }
    }
}

} // namespace

std::string show_csv(std::span<const Reading> readings)
{
    std::string text = "interface,taken,counter,network,transport,size,value\n";
    for (const Reading& reading : readings) {
        const std::string row_start =
            quoted(printable(reading.instance.interface)) + "," + rfc3339(reading.snapshot.wall_clock);
        for (const HeadlineCounter& counter : headline_counters)
            text +=
                fmt::format("{},{},,,,{}\n", row_start, counter.key, reading.snapshot.stats.*counter.field);
        if (reading.snapshot.has_breakdown)
            add_cells(text, row_start, reading.snapshot.traffic);
    }
    return text;
}

} // namespace xdpstat
