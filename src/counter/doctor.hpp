// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <vector>

#include "counter/doctor_facts.hpp"
#include "counter/finding.hpp"

namespace xdpstat {

/// The mode that automatic attaching will end in.
struct ExpectedMode {
    bpfxx::XdpMode mode = bpfxx::XdpMode::native;
    std::string why;
    std::string to_do;     ///< what leads to native mode; empty where it is, or where nothing does
    bool is_guess = false; ///< from the driver's name, on a kernel that does not tell (before 6.3)
};

/// Pure. @param kernel of the machine
[[nodiscard]] ExpectedMode expected_mode(const InterfaceFacts& facts, KernelVersion kernel);

/// What the machine can do and what stands in the way. Pure.
[[nodiscard]] std::vector<Finding> judge_machine(const MachineFacts& facts);
/// The same of an interface. Pure.
[[nodiscard]] std::vector<Finding> judge_interface(const InterfaceFacts& facts, const MachineFacts& machine);
/// The finding that an interface which cannot be looked at makes. Pure.
[[nodiscard]] Finding judge_missing(const bpfxx::Error& error);

/// Whether any of them would stop attaching. Pure.
[[nodiscard]] bool any_failure(const std::vector<Finding>& findings);

} // namespace xdpstat
