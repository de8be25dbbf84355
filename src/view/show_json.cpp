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

} // namespace

std::string show_json(std::span<const Reading> readings)
{
    Json interfaces = Json::array();
    for (const Reading& reading : readings) {
        Json fields = instance_fields(reading.instance);
        fields["taken"] = rfc3339(reading.snapshot.wall_clock);
        fields["stats"] = stats_fields(reading.snapshot.stats);
        // Absent and not zero where nothing was broken down: a reader must not take one for the other.
        if (reading.snapshot.has_breakdown) {
            const traffic_stats& traffic = reading.snapshot.traffic;
            fields["traffic"] = {
                {"by_network", sums<traffic_network>(by_network(traffic))},
                {"by_transport", sums<traffic_transport>(by_transport(traffic))},
                {"by_size", sums<traffic_size>(by_size(traffic))},
                {"cells", cells(traffic)},
            };
        }
        interfaces.push_back(std::move(fields));
    }
    return json_text({{"schema", show_schema}, {"interfaces", std::move(interfaces)}});
}

} // namespace xdpstat
