// SPDX-License-Identifier: BSD-2-Clause
#include "view/json_fields.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "view/human.hpp"
#include "view/line.hpp"
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
