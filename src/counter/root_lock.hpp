// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <functional>
#include <string>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat {

/// What to do while another process holds a pin root. Either may be empty.
struct LockWait {
    std::function<void(const std::string& holder)>
        tell;                       ///< called once, after a second: "process 42 (xdpstat)"
    std::function<bool()> gives_up; ///< asked many times a second
};

/// Waits until no other process holds the folder at this path; held until the descriptor is closed, or the process
/// ends. Errors: not_found where there is no such folder (any more), permission, busy where the waiting was given up.
[[nodiscard]] bpfxx::Result<bpfxx::Fd> lock_root(const std::string& path, const LockWait& wait);

/// Who holds a lock on a folder, in words: "process 42 (xdpstat)", or "another process" where it cannot be told.
[[nodiscard]] std::string holder_of_folder(const std::string& path);

} // namespace xdpstat
