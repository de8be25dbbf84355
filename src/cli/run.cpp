// SPDX-License-Identifier: BSD-2-Clause
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "cli/attach.hpp"
#include "cli/context.hpp"
#include "cli/signals.hpp"
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

/// Keeps the signals that end a process back for as long as it lives: they wait until somebody asks for them.
class SignalsHeldBack {
public:
    SignalsHeldBack()
    {
        sigset_t signals;
        ::sigemptyset(&signals);
        for (const int signal : ending_signals)
            ::sigaddset(&signals, signal);
        ::sigprocmask(SIG_BLOCK, &signals, &before_);
    }
    ~SignalsHeldBack() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeldBack(const SignalsHeldBack&) = delete;
    SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

private:
    sigset_t before_{};
};

/// The counter is not kept: whatever ends this process, the kernel detaches it. A signal that comes before or after
/// watching must not leave the pins behind.
int run_command(const Arguments& arguments, Context& context)
{
    AttachOptions options = arguments.attach;
    options.keep = false;
    const SignalsHeldBack held_back;
    auto attached = attach_and_tell(arguments.interface, options, context);
    if (!attached)
        return report(attached.error());
    const int code = watch({arguments.interface}, arguments.watch, context);
    if (attached->already_attached)
        return code;
    if (const auto result = end(pin_root(context), std::move(*attached)); !result)
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
