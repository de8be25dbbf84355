// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "cli/context.hpp"
#include "counter/attachment.hpp"

namespace xdpstat {

/// Adds --mode, --layout and --no-breakdown.
void add_attach_options(CLI::App& command, AttachOptions& options);

/// Says on standard output what came of an attach.
void tell_attached(const std::string& interface, const AttachResult& result);

/// Creates the pin root if need be, attaches, and says on standard output what came of it.
[[nodiscard]] bpfxx::Result<AttachResult>
attach_and_tell(const std::string& interface, const AttachOptions& options, const Context& context);

} // namespace xdpstat
