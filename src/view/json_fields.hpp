// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "abi/xdp_counter.h"
#include "counter/instance.hpp"

// What the JSON views have in common.
namespace xdpstat {

/// Keeps fields in the order in which a person expects them.
using Json = nlohmann::ordered_json;

/// The fields that identify a counter; null is what was not read.
[[nodiscard]] Json instance_fields(const Instance& instance);

/// The eight counters by the names of their fields.
[[nodiscard]] Json stats_fields(const pkt_stats& stats);

/// The breakdown: its sums by each side, and the cells that are not empty.
[[nodiscard]] Json traffic_fields(const traffic_stats& traffic);
/// JSON text with all that could steer a terminal escaped, which JSON itself asks for below 0x20 only.
[[nodiscard]] std::string harmless(std::string json);

/// Indented, with a newline at the end. The name of an interface may be no UTF-8: what is not becomes U+FFFD.
[[nodiscard]] std::string json_text(const Json& document);
/// The same on one line.
[[nodiscard]] std::string json_line(const Json& document);

} // namespace xdpstat
