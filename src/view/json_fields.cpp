// SPDX-License-Identifier: BSD-2-Clause
#include "view/json_fields.hpp"

#include "view/human.hpp"
#include "view/names.hpp"

namespace xdpstat {

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

std::string json_text(const Json& document)
{
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string json_line(const Json& document)
{
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace xdpstat
