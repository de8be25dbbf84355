// SPDX-License-Identifier: BSD-2-Clause
#include "view/human.hpp"
#include "view/json_fields.hpp"
#include "view/map_table.hpp"
#include "view/value_text.hpp"

namespace xdpstat {

namespace {

Json facts_of(const MapFacts& map)
{
    const auto type_of = [](const std::string& type) { return type.empty() ? Json(nullptr) : Json(type); };
    return Json{
        {"id", map.id},
        {"name", map.name},
        {"type", map.type},
        {"key_size", map.key_size},
        {"value_size", map.value_size},
        {"max_entries", map.max_entries},
        {"flags", map.flags},
        {"btf", map.has_btf},
        {"key_type", type_of(map.key_type)},
        {"value_type", type_of(map.value_type)},
    };
}

Json document_of(const MapReading& reading)
{
    Json entries = Json::array();
    for (const MapEntry& entry : reading.entries) {
        Json fields = {{"key", value_json(entry.key, Place::key)}};
        if (entry.cpu)
            fields["cpu"] = *entry.cpu;
        fields["value"] = value_json(entry.value, Place::value);
        if (reading.seconds)
            fields["rates"] = entry.rates ? rates_json(*entry.rates) : Json(nullptr);
        entries.push_back(std::move(fields));
    }
    Json document = {
        {"schema", map_schema}, {"map", facts_of(reading.map)}, {"taken", rfc3339(reading.taken)}};
    if (reading.seconds)
        document["seconds"] = *reading.seconds;
    document["total"] = reading.total;
    document["complete"] = reading.complete;
    document["entries"] = std::move(entries);
    return document;
}

} // namespace

std::string map_json(const MapReading& reading)
{
    return json_text(document_of(reading));
}

std::string map_json_line(const MapReading& reading)
{
    return json_line(document_of(reading));
}

std::string map_list_json(std::span<const MapFacts> maps)
{
    Json list = Json::array();
    for (const MapFacts& map : maps)
        list.push_back(facts_of(map));
    return json_text({{"schema", maps_schema}, {"maps", std::move(list)}});
}

} // namespace xdpstat
