// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "counter/attachment.hpp"
#include "counter/dispatcher.hpp"
#include "counter/interface.hpp"

// A counter in libxdp's dispatcher. In its folder a mark, dispatcher_mark(), stands in the place of the pinned link: libxdp
// has the links, and makes new ones whenever a program comes or goes. The mark is a symbolic link that says
// "NETWORK-NAMESPACE/IFINDEX/PRIORITY/ACTIONS", all numbers; the dispatcher that runs the counter is found by its program.
// Those that change something are called under the root's lock only.
namespace xdpstat {

/// Whether a folder is that of a counter in a dispatcher, or one that was to join one.
[[nodiscard]] bool is_dispatched(const std::string& directory);

/// With what it was attached; none where it has no mark.
[[nodiscard]] std::optional<DispatcherOptions> dispatcher_options(const std::string& directory);

/// Libxdp's dispatchers, listed when they are first asked for: a list serves all instances of one look.
using ListedDispatchers = std::optional<std::vector<Dispatcher>>;

/// Says where an instance with a mark runs: interface, mode and place.
void describe_dispatched(Instance& instance, ListedDispatchers& listed);

struct Joined {
    xdp_counter_length length_source;
    std::string why_not_native; ///< where automatic mode fell back to generic; else empty
};

/// Errors: permission, naming the capabilities that joining and leaving a dispatcher need and this thread lacks.
[[nodiscard]] bpfxx::Result<> check_may_dispatch();

/// Attaches the counter by way of libxdp's dispatcher, beside what is in it already, and fills a folder with the mark and the
/// pins, the program's under its first name, new_program_pin(). A crash leaves what leave_dispatcher() ends. Errors: as attach(); busy where the
/// interface's program is no dispatcher of libxdp's; unsupported where the kernel or this build cannot.
[[nodiscard]] bpfxx::Result<Joined> join_dispatcher(const std::string& directory, const Interface& interface,
                                                    const AttachOptions& options);

/// Pins the program of a folder, where that pin is missing, as a dispatcher here runs it. Errors: not_found where none does.
[[nodiscard]] bpfxx::Result<> restore_dispatched_program(const std::string& directory);

/// Takes the counter of a folder out of its dispatcher, and nothing else out of it. Nothing to do where it runs in none. Of a
/// dispatcher that is attached to nothing here the counter's own pins are removed, others' stay.
/// Errors: busy where it runs in another network namespace; unsupported where this build cannot.
[[nodiscard]] bpfxx::Result<> leave_dispatcher(const std::string& directory);

} // namespace xdpstat
