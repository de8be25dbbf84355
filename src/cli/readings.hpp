// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "counter/instance.hpp"

namespace xdpstat {

/// The instances of these interfaces, or of all where none is named. Errors: not_found where there is none.
[[nodiscard]] bpfxx::Result<std::vector<Instance>>
select_instances(const std::vector<std::string>& interfaces, const Context& context);

} // namespace xdpstat
