// SPDX-License-Identifier: BSD-2-Clause
#include "view/show_json.hpp"

#include "view/human.hpp"
#include "view/json_fields.hpp"

namespace xdpstat {

namespace {

Json interface_fields(const Instance& instance, const Snapshot& snapshot)
{
    Json fields = instance_fields(instance);
    fields["taken"] = rfc3339(snapshot.wall_clock);
    fields["stats"] = stats_fields(snapshot.stats);
    // Absent and not zero where nothing was broken down: a reader must not take one for the other.
    if (snapshot.has_breakdown)
        fields["traffic"] = traffic_fields(snapshot.traffic);
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
