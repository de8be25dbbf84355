// SPDX-License-Identifier: BSD-2-Clause
#include "view/show_json.hpp"

#include "view/human.hpp"
#include "view/json_fields.hpp"
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

Json interface_fields(const Instance& instance, const Snapshot& snapshot)
{
    Json fields = instance_fields(instance);
    fields["taken"] = rfc3339(snapshot.wall_clock);
    fields["stats"] = stats_fields(snapshot.stats);
    // Absent and not zero where nothing was broken down: a reader must not take one for the other.
    if (snapshot.has_breakdown) {
        const traffic_stats& traffic = snapshot.traffic;
        fields["traffic"] = {
            {"by_network", sums<traffic_network>(by_network(traffic))},
            {"by_transport", sums<traffic_transport>(by_transport(traffic))},
            {"by_size", sums<traffic_size>(by_size(traffic))},
            {"cells", cells(traffic)},
        };
    }
    return fields;
}

} // namespace

std::string show_json(std::span<const Reading> readings)
{
    Json interfaces = Json::array();
    for (const Reading& reading : readings)
        interfaces.push_back(interface_fields(reading.instance, reading.snapshot));
    return json_text({{"schema", show_schema}, {"interfaces", std::move(interfaces)}});
}

std::string snapshot_json(std::span<const InterfaceScrape> interfaces)
{
    Json readable = Json::array();
    Json problems = Json::array();
    for (const InterfaceScrape& interface : interfaces) {
        if (interface.instance && interface.snapshot)
            readable.push_back(interface_fields(*interface.instance, *interface.snapshot));
        if (!interface.up())
            problems.push_back({{"interface", interface.interface}, {"problem", interface.problem}});
    }
    return json_line(
        {{"schema", show_schema}, {"interfaces", std::move(readable)}, {"problems", std::move(problems)}});
}

} // namespace xdpstat
