// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

namespace xdpstat {

/// How much a finding matters.
enum class Severity {
    ok,   ///< looked at, and as it should be
    info, ///< worth knowing
    warn, ///< the counter works, but not as well as it could, or not as expected
    fail, ///< stands in the way, or contradicts
};

/// One thing that was looked at, for a person. A plain value.
struct Finding {
    Severity severity = Severity::ok;
    std::string what;   ///< the subject, one or two words: "kernel", "bytes"
    std::string detail; ///< what was found, one line
    std::string to_do;  ///< the next step, one line; empty where there is nothing to do
};

} // namespace xdpstat
