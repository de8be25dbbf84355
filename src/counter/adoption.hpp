// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "counter/attachment.hpp"
#include "counter/interface.hpp"

// What an attach finds below a pin root, and what becomes of it. Only under the root's lock.
namespace xdpstat {

/// Takes over an instance that counts already: restores pins that are missing, gives its folder the interface's
/// present name, and exchanges its program where another build of xdpstat attached it. Errors: busy where it has other settings or a process holds it; permission.
[[nodiscard]] bpfxx::Result<AttachResult> adopt(const PinRoot& root, const Instance& instance,
                                                const AttachOptions& options);

/// Takes from the interface's folder whatever is not its own: an instance that counts no more, or counts elsewhere.
/// Returns what a person should know of it. Errors: busy where it counts in another network namespace; permission.
[[nodiscard]] bpfxx::Result<std::string> vacate(const PinRoot& root, const Interface& interface);

/// The errors that speak of somebody else's instance.
[[nodiscard]] bpfxx::Error held_by_run(const std::string& operation, const Instance& instance);
[[nodiscard]] bpfxx::Error in_other_namespace(const std::string& operation, const Instance& instance);

/// Adds to what a person should know.
void add_note(std::string& notes, const std::string& note);

} // namespace xdpstat
