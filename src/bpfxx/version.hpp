// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

namespace bpfxx {

/// The version of the libbpf that runs, "1.1".
[[nodiscard]] std::string libbpf_version();

} // namespace bpfxx
