// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>
#include <string>
#include <vector>

#include "counter/replay_counts.hpp"
#include "view/reading.hpp"

// Captures that were counted frame by frame. All pure.
namespace xdpstat {

/// What parsed the frames, and why not the kernel where that was left open. A plain value.
struct ReplayBy {
    ReplayEngine engine = ReplayEngine::kernel;
    std::string reason; ///< one line, or empty
};

/// A capture and what was counted of it. A plain value.
struct ReplayedCapture {
    std::string file;
    std::string format; ///< "pcap" or "pcapng"
    ReplayCounts counts;
    std::string problem; ///< why frames may be missing at its end; empty where it was read whole
};

/// The versions of the schemas, docs/schema/replay.v1.json and replay-frame.v1.json.
inline constexpr const char* replay_schema = "xdpstat.replay/1";
inline constexpr const char* replay_frame_schema = "xdpstat.replay-frame/1";

/// "kernel" or "user": as the option --engine has it.
[[nodiscard]] const char* to_string(ReplayEngine engine) noexcept;

/// What was counted of each capture, and of all where there are several.
[[nodiscard]] std::string replay_text(std::span<const ReplayedCapture> captures, const ReplayBy& by,
                                      const TextOptions& options);
/// The same as JSON. Ends with a newline.
[[nodiscard]] std::string replay_json(std::span<const ReplayedCapture> captures, const ReplayBy& by);

/// What stands above the lines of a capture's frames.
[[nodiscard]] std::string replay_frame_header(const std::string& file, const ReplayBy& by);
/// A line for a frame, in columns apart by blanks. Ends with a newline.
[[nodiscard]] std::string replay_frame_line(const ReplayedFrame& frame);
/// The same as JSON, on one line with its newline.
[[nodiscard]] std::string replay_frame_json(const std::string& file, ReplayEngine engine,
                                            const ReplayedFrame& frame);

} // namespace xdpstat
