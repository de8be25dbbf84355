// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>

#include "view/metrics.hpp"

namespace xdpstat {

/// The version of the schema, docs/schema/server.v1.json.
inline constexpr const char* server_schema = "xdpstat.server/1";

/// What a server is, and where its metrics are, on one line with its newline. Pure.
[[nodiscard]] std::string server_json(const BuildFacts& build, std::string_view telemetry_path);

} // namespace xdpstat
