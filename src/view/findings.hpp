// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>
#include <string>

#include "counter/finding.hpp"
#include "counter/verify.hpp"
#include "view/reading.hpp"

namespace xdpstat {

/// What doctor found, of the machine and of an interface. A plain value.
struct Examination {
    std::string interface; ///< empty where none was asked about
    std::span<const Finding> machine;
    std::span<const Finding> about_interface;
};

/// The versions of the schemas, docs/schema/doctor.v1.json and verify.v1.json. Fields may be added to a version, never
/// taken or changed.
inline constexpr const char* doctor_schema = "xdpstat.doctor/1";
inline constexpr const char* verify_schema = "xdpstat.verify/1";

/// A line for each finding, marked ok, info, warn or fail, and what to do below it; the last line sums up. No line is
/// longer than 80 columns but for words that are. Pure.
[[nodiscard]] std::string doctor_text(const Examination& examination, const TextOptions& options);
/// The same as JSON. Ends with a newline. Pure.
[[nodiscard]] std::string doctor_json(const Examination& examination);

/// The counter's figures, the kernel's and the driver's, side by side, and what explains a gap. Pure.
[[nodiscard]] std::string verify_text(const Verification& verification, const TextOptions& options);
/// The same as JSON. Ends with a newline. Pure.
[[nodiscard]] std::string verify_json(const Verification& verification);

} // namespace xdpstat
