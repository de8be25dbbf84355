// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "bpfxx/error.hpp"

namespace xdpstat {

/// Capabilities of the calling thread's effective set that matter here.
struct Capabilities {
    bool bpf = false;       ///< CAP_BPF, or CAP_SYS_ADMIN in its place: load programs, make maps
    bool net_admin = false; ///< CAP_NET_ADMIN: attach to an interface
    bool perfmon = false;   ///< CAP_PERFMON, or CAP_SYS_ADMIN: a frame's length without a helper's call
    bool sys_admin = false; ///< CAP_SYS_ADMIN: read the BTF of a map, open objects by id, mount
    bool sys_resource =
        false; ///< CAP_SYS_RESOURCE: raise the limit of locked memory, which counts before 5.11
};

/// Reads them from the kernel. Thread-safe.
[[nodiscard]] Capabilities capabilities();

/// The names of those that attaching needs and the thread lacks.
[[nodiscard]] std::vector<std::string> missing_to_attach(const Capabilities& held);
/// The same of attaching in a dispatcher, and of leaving it: libxdp looks its programs up by their numbers.
[[nodiscard]] std::vector<std::string> missing_to_dispatch(const Capabilities& held);

/// Errors: permission, naming what is missing, unless that is nothing.
[[nodiscard]] bpfxx::Result<> refuse_without(const std::vector<std::string>& missing, bpfxx::Text operation,
                                             bpfxx::Text subject);

} // namespace xdpstat
