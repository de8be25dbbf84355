// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "bpfxx/error.hpp"

namespace xdpstat::bench {

/// What the figures depend on.
struct Machine {
    std::string cpu_model;
    std::string kernel;
    std::string architecture;
    bool is_virtual = false;
    std::vector<int> cpus; ///< that this process may use, ascending
};

[[nodiscard]] Machine this_machine();

/// Gives this process and its children a network namespace, a mount namespace and a BPF file system at
/// /sys/fs/bpf of their own: all that they make there goes with the last of them, however it ends. Only before the
/// first thread is started. Errors: permission.
[[nodiscard]] bpfxx::Result<> isolate();

/// Keeps the calling thread on one CPU from now on. Errors: system.
[[nodiscard]] bpfxx::Result<> pin_thread(int cpu);
/// Gives the calling thread, and the processes that it starts, all CPUs of the machine again.
[[nodiscard]] bpfxx::Result<> free_thread(const Machine& machine);

} // namespace xdpstat::bench
