// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/embedded_file.hpp"

namespace xdpstat {

std::span<const EmbeddedFile> embedded_files() noexcept
{
    return {};
}

} // namespace xdpstat
