// SPDX-License-Identifier: BSD-2-Clause
// The server holds in memory for months what it is made of: of the commands, its own (docs/adr/0007-the-server-is-a-program-of-its-own.md).
#include "cli/context.hpp"

namespace xdpstat {

void add_commands(CLI::App& program, Context& context)
{
    add_serve(program, context);
}

} // namespace xdpstat
