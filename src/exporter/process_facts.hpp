// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>

#include "bpfxx/fd.hpp"
#include "view/metrics.hpp"

namespace xdpstat {

/// What this process uses, as the kernel tells. The files stay open, so that it works without any right later on.
/// Move-only; not thread-safe.
class ProcessMeter {
public:
    ProcessMeter();
    /// Nothing where /proc cannot be read.
    [[nodiscard]] std::optional<ProcessFacts> read() const;

private:
    bpfxx::Fd stat_;        ///< /proc/self/stat
    bpfxx::Fd descriptors_; ///< /proc/self/fd
    double boot_time_ = 0;  ///< seconds since 1970
};

} // namespace xdpstat
