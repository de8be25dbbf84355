// SPDX-License-Identifier: BSD-2-Clause
#include "cli/completion.hpp"
#include "cli/context.hpp"

namespace xdpstat {

void add_commands(CLI::App& program, Context& context)
{
    add_attach(program, context);
    add_detach(program, context);
    add_status(program, context);
    add_show(program, context);
    add_watch(program, context);
    add_run(program, context);
    add_verify(program, context);
    add_doctor(program, context);
    add_replay(program, context);
    add_map(program, context);
    add_serve(program, context);
    add_completion(program);
}

} // namespace xdpstat
