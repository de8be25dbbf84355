// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string_view>

#include "bpfxx/error.hpp"

namespace bpfxx {

/// The CPUs that can ever come online on this machine; fixed at boot.
struct PossibleCpus {
    std::uint32_t count = 0; ///< how many: the number of values of an entry of a per-CPU map
    std::uint32_t id_limit =
        0; ///< one more than the highest number: more than count where numbers are left out
};

/// Reads /sys/devices/system/cpu/possible. Thread-safe.
[[nodiscard]] Result<PossibleCpus> possible_cpus();

/// Reads a kernel CPU list such as "0-3,8". Pure.
[[nodiscard]] Result<PossibleCpus> parse_cpu_list(std::string_view list);

} // namespace bpfxx
