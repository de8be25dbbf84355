// SPDX-License-Identifier: BSD-2-Clause
#include "view/server_json.hpp"

#include "view/json_fields.hpp"

namespace xdpstat {

std::string server_json(const BuildFacts& build, std::string_view telemetry_path)
{
    return json_line({{"schema", server_schema},
                      {"version", build.version},
                      {"commit", build.commit},
                      {"telemetry_path", telemetry_path}});
}

} // namespace xdpstat
