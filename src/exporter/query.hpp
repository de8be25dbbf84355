// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The query of a target: "interface=eth0&step=5". All pure.
namespace xdpstat {

/// All values of a name, decoded. What cannot be decoded stays as it is.
[[nodiscard]] std::vector<std::string> query_values(std::string_view query, std::string_view name);

/// What is wrong with the names of a query, as a sentence for whoever asked: one that is none of `known`, or that has no
/// value; nothing where they are right. A value that is wrong is for the reader of it.
[[nodiscard]] std::optional<std::string> query_fault(std::string_view query,
                                                     std::span<const std::string_view> known);

/// A number of the query within bounds: `otherwise` where it is not given, nothing where it is no number, out of them or there
/// twice.
[[nodiscard]] std::optional<double> query_number(std::string_view query, std::string_view name, double least,
                                                 double most, double otherwise);

} // namespace xdpstat
