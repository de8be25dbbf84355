// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <CLI/App.hpp>

namespace xdpstat {

/// Adds `completion bash|zsh|fish`: the script is written from the program's own commands and options.
void add_completion(CLI::App& program);

} // namespace xdpstat
