// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The query of a target: "interface=eth0&step=5". All pure.
namespace xdpstat {

/// All values of a name, decoded. What cannot be decoded stays as it is.
[[nodiscard]] std::vector<std::string> query_values(std::string_view query, std::string_view name);

/// A number of the query within bounds: `otherwise` where it is not given, nothing where it is no number or out of them.
[[nodiscard]] std::optional<double> query_number(std::string_view query, std::string_view name, double least,
                                                 double most, double otherwise);

} // namespace xdpstat
