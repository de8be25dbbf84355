// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bpfxx/error.hpp"
#include "bpfxx/xdp.hpp"
#include "counter/attachment.hpp"
#include "counter/interface.hpp"

struct bpf_object;

// What libxdp does for us, and all that includes it. A build without it refuses to attach and detach as unsupported.
namespace xdpstat::libxdp {

/// Its version, or "none". Pure.
[[nodiscard]] const char* version() noexcept;

/// Loads the counter into a new dispatcher that runs it with what the present one runs, and puts that in its place in one
/// step. The maps are pinned in the folder before the program is loaded. Errors: busy, permission, unsupported, system.
/// @param counter its object, tuned and not loaded; borrowed
[[nodiscard]] bpfxx::Result<> attach(struct bpf_object* counter, const std::string& directory,
                                     const Interface& interface, bpfxx::XdpMode mode,
                                     const DispatcherOptions& options);

/// Puts a dispatcher without the program of this pin in the place of the present one; none where it was the only one.
[[nodiscard]] bpfxx::Result<> detach(const std::string& pin, std::uint32_t ifindex, bpfxx::XdpMode mode);

} // namespace xdpstat::libxdp
