// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "bpfxx/error.hpp"

namespace xdpstat {

/// What a server goes on to do once everything is open.
struct Needs {
    bool find_anew = true;             ///< open counters that are attached later
    bool by_size = false;              ///< without their BTF, which takes CAP_SYS_ADMIN to read
    bool attach = false;               ///< attach again when it is told to
    bool retry = false;                ///< a bpf file system may be mounted above the pin root
    bool give_group = false;           ///< what it attaches is given to a group
    std::string pin_root;              ///< to be listed
    std::vector<std::string> readable; ///< further folders
    std::vector<std::string> cleared;  ///< folders from which a file will be removed
};

/// Gives up what this thread, and those that it starts later, will not need: capabilities, new privileges (no_new_privs),
/// files (Landlock, from Linux 5.13 on, where it is switched on) and system calls (seccomp). There is no way back. A
/// forbidden call fails with EPERM, a forbidden file with EACCES.
/// Returns what is kept, one line for a person. Errors: system, where the kernel refuses to take something away.
[[nodiscard]] bpfxx::Result<std::string> confine(const Needs& needs);

} // namespace xdpstat
