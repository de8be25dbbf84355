// SPDX-License-Identifier: BSD-2-Clause
#include <cstdio>
#include <memory>
#include <string>

#include "cli/attach.hpp"
#include "cli/context.hpp"
#include "cli/watch.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat run eth0
  sudo xdpstat run eth0 -i 0.2 --mode native)";

struct Arguments {
    std::string interface;
    AttachOptions attach;
    WatchOptions watch;
};

/// The counter is not kept: whatever ends this process, the kernel detaches it.
int run_command(const Arguments& arguments, Context& context)
{
    AttachOptions options = arguments.attach;
    options.keep = false;
    const auto attached = attach_and_tell(arguments.interface, options, context);
    if (!attached)
        return report(attached.error());
    const int code = watch({arguments.interface}, arguments.watch, context);
    if (attached->already_attached)
        return code;
    if (const auto result = detach(PinRoot(context.pin_root), arguments.interface); !result)
        return report(result.error());
    return code;
}

} // namespace

void add_run(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("run", "Attach, watch, and detach on exit");
    command->add_option("IFACE", arguments->interface, "Interface")->required();
    add_attach_options(*command, arguments->attach);
    add_watch_options(*command, arguments->watch);
    command->footer(examples);
    command->callback([arguments, &context] { context.exit_code = run_command(*arguments, context); });
}

} // namespace xdpstat
