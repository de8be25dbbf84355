// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "bpfxx/fd.hpp"

namespace xdpstat {

/// A socket that becomes readable when an interface of this network namespace comes, goes or changes; it does not block.
/// Empty, with errno, where the kernel gives none.
[[nodiscard]] bpfxx::Fd open_link_events();

/// Tells whether the instances below a pin root, or the interfaces of this network namespace, may have changed, by two
/// system calls. It does not see all: a link detached by force leaves its pin. Not thread-safe; move-only.
class ChangeWatch {
public:
    explicit ChangeWatch(std::string root);

    /// Whether anything may have changed since the last call; true the first time, and where that cannot be told.
    [[nodiscard]] bool changed();

private:
    [[nodiscard]] bool pins_changed();
    [[nodiscard]] bool interfaces_changed() const;

    std::string root_;
    bpfxx::Fd events_;      ///< inotify
    bool watching_ = false; ///< whether the root is there to be watched
    bpfxx::Fd links_;       ///< rtnetlink
};

} // namespace xdpstat
