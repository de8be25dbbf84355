// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "counter/instance.hpp"
#include "counter/root_lock.hpp"

namespace xdpstat {

inline constexpr const char* default_pin_root = "/sys/fs/bpf/xdpstat";

/// Where the instances of this machine are pinned: ROOT/INTERFACE/{link,prog,stats_map,traffic_map}.
/// A folder's name is the interface's with '.' and '%' written as %2e and %25: a bpf file system takes no dot.
class PinRoot {
public:
    /// @param wait what lock() does while another process holds the root
    explicit PinRoot(std::string path, LockWait wait = {}) : path_(std::move(path)), wait_(std::move(wait)) {}

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// The folder of an interface, whether it is there or not.
    [[nodiscard]] std::string directory(const std::string& interface) const;

    /// All instances, by the present names of their interfaces, sorted. An instance whose link is gone or cannot be
    /// read is listed as "detached". No root at all is no instance. Errors: permission.
    [[nodiscard]] bpfxx::Result<std::vector<Instance>> instances() const;
    /// The instance of an interface, found by its link and not by the folder's name. Errors: not_found, with what
    /// is attached in the hint.
    [[nodiscard]] bpfxx::Result<Instance> find(const std::string& interface) const;

    /// Creates the root, if need be, and returns the folders that it made, outermost first. Errors: incompatible
    /// where it would not lie on a bpf file system; with `mount` that is mended by mounting one on /sys/fs/bpf.
    [[nodiscard]] bpfxx::Result<std::vector<std::string>> create(bool mount) const;
    /// Waits until no other process changes what is below the root; holds until the descriptor is closed.
    /// Errors: not_found where there is no root, permission, busy where the waiting was given up.
    [[nodiscard]] bpfxx::Result<bpfxx::Fd> lock() const { return lock_root(path_, wait_); }

private:
    std::string path_;
    LockWait wait_;
};

/// The folder's name for an interface, and back. Pure.
[[nodiscard]] std::string encode_name(const std::string& interface);
[[nodiscard]] std::string decode_name(const std::string& folder);

} // namespace xdpstat
