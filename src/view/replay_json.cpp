// SPDX-License-Identifier: BSD-2-Clause
#include "counter/snapshot.hpp"
#include "view/json_fields.hpp"
#include "view/names.hpp"
#include "view/replay.hpp"

namespace xdpstat {

std::string replay_json(std::span<const ReplayedCapture> captures, const ReplayBy& by)
{
    Json list = Json::array();
    for (const ReplayedCapture& capture : captures) {
        const ReplayCounts& counts = capture.counts;
        list.push_back({
            {"file", capture.file},
            {"format", capture.format},
            {"complete", capture.problem.empty()},
            {"problem", capture.problem.empty() ? Json(nullptr) : Json(capture.problem)},
            {"cut_frames", counts.cut},
            {"user_frames",
             by.engine == ReplayEngine::user ? roll_up(counts.traffic).total_packets : counts.aside},
            {"stats", stats_fields(roll_up(counts.traffic))},
            {"traffic", traffic_fields(counts.traffic)},
        });
    }
    return json_text({
        {"schema", replay_schema},
        {"engine", to_string(by.engine)},
        {"reason", by.reason.empty() ? Json(nullptr) : Json(by.reason)},
        {"captures", std::move(list)},
    });
}

std::string replay_frame_json(const std::string& file, ReplayEngine engine, const ReplayedFrame& frame)
{
    const traffic_place& place = frame.place;
    return json_line({
        {"schema", replay_frame_schema},
        {"file", file},
        {"frame", frame.number},
        {"engine", to_string(engine)},
        {"length", frame.length},
        {"captured", frame.captured},
        {"network", name_of(place.network).key},
        {"transport", name_of(place.transport).key},
        {"class", name_of(traffic_class_of(place.transport)).key},
        {"size", name_of(place.size).key},
    });
}

} // namespace xdpstat
