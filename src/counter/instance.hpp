// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/xdp_counter.h"

namespace xdpstat {

/// How the slots of the maps are shared among CPUs.
enum class SlotLayout {
    percpu, ///< a slot for each possible CPU, plain adds
    shared, ///< one slot, atomic adds: key 0 is the total for any reader
};

[[nodiscard]] const char* to_string(SlotLayout layout) noexcept;

/// The modes of a counter that is attached to no interface of this network namespace.
inline constexpr const char* mode_detached = "detached";
inline constexpr const char* mode_elsewhere = "other namespace";
/// The mode of a counter whose link or program the reader may not open; its maps may still be readable.
inline constexpr const char* mode_unknown = "unknown";

/// A program that a dispatcher runs.
struct DispatchedProgram {
    std::uint32_t id = 0;
    std::string name; ///< at most 15 characters; empty where it may not be seen
    std::string tag;  ///< likewise
};

/// Where a counter that shares its interface runs: among the programs of a dispatcher.
struct DispatcherPlace {
    std::uint32_t program_id = 0;            ///< of the dispatcher
    std::vector<DispatchedProgram> programs; ///< all, the counter too, in the order in which they run
    std::size_t position = 0;                ///< of the counter among them, from 0
};

/// One counter as it stands on this machine. A plain value.
struct Instance {
    std::string interface;     ///< name of the interface now
    std::uint32_t ifindex = 0; ///< 0 where it is gone or elsewhere; the counts stay readable
    std::string directory;     ///< its pins: link, prog, stats_map, traffic_map
    std::string mode;          ///< "native", "generic", "offload", or one of those above
    std::uint32_t program_id = 0;
    std::string program_tag;
    std::chrono::system_clock::time_point since; ///< when it was attached
    std::optional<SlotLayout> layout;            ///< none where stats_map may not be opened
    std::optional<bool> breakdown; ///< whether traffic_map is pinned; none where that cannot be seen
    std::optional<DispatcherPlace> dispatcher; ///< none where it has the interface for itself
};

} // namespace xdpstat
