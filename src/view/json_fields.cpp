// SPDX-License-Identifier: BSD-2-Clause
#include "view/json_fields.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "counter/snapshot.hpp"
#include "view/human.hpp"
#include "view/line.hpp"
#include "view/names.hpp"

namespace xdpstat {

namespace {

Json cell_fields(const Cell& cell)
{
    return Json{{"packets", cell.packets}, {"bytes", cell.bytes}};
}

template <class Enum, std::size_t N>
Json sums(const std::array<Cell, N>& cells)
{
    Json fields = Json::object();
    for (std::size_t i = 0; i < N; i++)
        fields[std::string(name_of(static_cast<Enum>(i)).key)] = cell_fields(cells[i]);
    return fields;
}

Json cells(const traffic_stats& traffic)
{
    Json list = Json::array();
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++) {
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
            for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++) {
                const Cell& cell = traffic.cell[network][transport][size];
                if (cell.packets == 0 && cell.bytes == 0)
                    continue;
                list.push_back({
                    {"network", name_of(static_cast<traffic_network>(network)).key},
                    {"transport", name_of(static_cast<traffic_transport>(transport)).key},
                    {"size", name_of(static_cast<traffic_size>(size)).key},
                    {"packets", cell.packets},
                    {"bytes", cell.bytes},
                });
            }
        }
    }
    return list;
}

} // namespace

Json instance_fields(const Instance& instance)
{
    return Json{
        {"interface", instance.interface},
        {"ifindex", instance.ifindex},
        {"mode", instance.mode},
        {"program_id", instance.program_id},
        {"program_tag", instance.program_tag},
        {"since", rfc3339(instance.since)},
        {"layout", instance.layout ? Json(to_string(*instance.layout)) : Json(nullptr)},
        {"breakdown", instance.breakdown ? Json(*instance.breakdown) : Json(nullptr)},
    };
}

Json stats_fields(const pkt_stats& stats)
{
    Json fields = Json::object();
    for (const HeadlineCounter& counter : headline_counters)
        fields[std::string(counter.key)] = stats.*counter.field;
    return fields;
}

Json traffic_fields(const traffic_stats& traffic)
{
    return Json{
        {"by_network", sums<traffic_network>(by_network(traffic))},
        {"by_transport", sums<traffic_transport>(by_transport(traffic))},
        {"by_size", sums<traffic_size>(by_size(traffic))},
        {"cells", cells(traffic)},
    };
}

std::string harmless(std::string json)
{
    const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x7f; };
    if (std::ranges::all_of(json, plain))
        return json;
    std::string text;
    for (std::size_t at = 0; at < json.size();) {
        const CodePoint point = next_code_point(json, at);
        // Line breaks between members are below 0x20 too; those within strings are escaped already.
        if (point.value >= 0x7f && steers_a_terminal(point.value))
            text += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point.value));
        else
            text.append(json, at, point.length);
        at += point.length;
    }
    return text;
}

std::string json_text(const Json& document)
{
    return harmless(document.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string json_line(const Json& document)
{
    return harmless(document.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

} // namespace xdpstat
