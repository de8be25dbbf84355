// SPDX-License-Identifier: BSD-2-Clause
#include "cli/attach.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/choice.hpp"
#include "cli/context.hpp"
#include "counter/default_route.hpp"
#include "counter/interface.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

const Choices<ModeChoice> modes{{"auto", ModeChoice::automatic},
                                {"native", ModeChoice::native},
                                {"generic", ModeChoice::generic},
                                {"offload", ModeChoice::offload}};
const Choices<SlotLayout> layouts{{to_string(SlotLayout::percpu), SlotLayout::percpu},
                                  {to_string(SlotLayout::shared), SlotLayout::shared}};

/// That of pins whose group alone is named: it may read.
constexpr ::mode_t mode_for_group = 0640;

template <class Value>
Value value_or_usage_error(const std::string& option, bpfxx::Result<Value> result)
{
    if (!result)
        throw CLI::ValidationError(option, result.error().message());
    return *result;
}

void add_access_options(CLI::App& command, PinAccess& access)
{
    command
        .add_option_function<std::string>(
            "--pin-mode",
            [&access](const std::string& text) {
                access.mode = value_or_usage_error("--pin-mode", parse_pin_mode(text));
            },
            "Who may open the pins, in octal: 0640 lets the group read the counts (default 0600)")
        ->type_name("MODE");
    command
        .add_option_function<std::string>(
            "--pin-group",
            [&access](const std::string& text) {
                access.group = value_or_usage_error("--pin-group", find_group(text));
                if (!access.mode)
                    access.mode = mode_for_group;
            },
            "The group of the pins, by number or by name in /etc/group; alone it means --pin-mode 0640")
        ->type_name("GROUP");
}

/// Adds the interfaces that a default route leads over, each once. Errors: not_found where there is none.
bpfxx::Result<> add_default_route(std::vector<std::string>& interfaces)
{
    const auto indices = default_route_interfaces();
    if (!indices)
        return std::unexpected(indices.error());
    if (indices->empty())
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::not_found, "find", "a default route",
                                                 "there is none",
                                                 interfaces.empty() ? "name the interfaces" : ""));
    for (const std::uint32_t index : *indices)
        // One that has just gone has no name.
        if (std::string name = interface_name(index);
            !name.empty() && std::ranges::find(interfaces, name) == interfaces.end())
            interfaces.push_back(std::move(name));
    return {};
}

constexpr const char* examples = R"(Examples:
  sudo xdpstat attach eth0
  sudo xdpstat attach eth0 eth1 --mode native      fail rather than fall back to generic mode
  sudo xdpstat attach eth0 --layout shared         one slot: any reader of key 0 gets the totals
  sudo xdpstat attach eth0 --no-breakdown          the headline counters only
  sudo xdpstat attach eth0 --pin-group monitoring  that group may read the counts
  sudo xdpstat attach eth0 --dispatcher            beside other programs, by libxdp's dispatcher)";

/// "pass,tx": a bit for each action.
std::uint32_t actions_of(const std::string& words)
{
    std::uint32_t actions = 0;
    for (const std::string& wanted : CLI::detail::split(words, ',')) {
        std::uint32_t action = 0;
        while (action <= XDP_REDIRECT && action_words(1U << action) != wanted)
            action++;
        if (action > XDP_REDIRECT)
            throw CLI::ValidationError("--chain-call-actions",
                                       "'" + wanted + "' is none of " + action_words(~0U));
        actions |= 1U << action;
    }
    return actions;
}

/// They make no sense where nothing is kept: what a process that dies leaves in a dispatcher stays there.
void add_dispatcher_options(CLI::App& command, AttachOptions& options)
{
    const auto how = [&options]() -> DispatcherOptions& {
        return options.dispatcher ? *options.dispatcher : options.dispatcher.emplace();
    };
    CLI::Option* dispatcher = command.add_flag_callback(
        "--dispatcher", [how] { how(); }, "Share the interface with other programs, by libxdp's dispatcher");
    command
        .add_option_function<std::uint32_t>(
            "--priority", [how](std::uint32_t priority) { how().priority = priority; },
            "Its place among them: the lowest number runs first")
        ->needs(dispatcher)
        ->type_name("NUMBER")
        ->default_str(std::to_string(DispatcherOptions{}.priority));
    command
        .add_option_function<std::string>(
            "--chain-call-actions",
            [how](const std::string& words) { how().chain_call_actions = actions_of(words); },
            "After which of the counter's actions the next program runs; it always passes")
        ->needs(dispatcher)
        ->type_name("ACTION,...")
        ->default_str(action_words(DispatcherOptions{}.chain_call_actions));
}

} // namespace

void add_attach_options(CLI::App& command, AttachOptions& options)
{
    add_choice(command, "--mode", options.mode, modes, "auto: native, else generic, saying why");
    add_choice(command, "--layout", options.layout, layouts,
               "percpu: a slot for each CPU; shared: one slot, atomic adds");
    command.add_flag_callback(
        "--no-breakdown", [&options] { options.breakdown = false; },
        "Count the headline only: cheaper by one map");
    add_access_options(command, options.access);
}

void tell_attached(const std::string& interface, const AttachResult& result)
{
    const std::string name = printable(interface);
    std::printf("%s: %s in %s mode\n", name.c_str(),
                result.upgraded           ? "upgraded"
                : result.already_attached ? "already attached"
                                          : "attached",
                result.instance.mode.c_str());
    if (!result.why_not_native.empty())
        std::printf("%s: not in native mode: %s\n", name.c_str(), printable(result.why_not_native).c_str());
    if (!result.note.empty())
        std::printf("%s: %s\n", name.c_str(), printable(result.note).c_str());
    std::fflush(stdout); // before anything that is written past the buffer
}

bpfxx::Result<AttachResult> attach_and_tell(const std::string& interface, const AttachOptions& options,
                                            const Context& context)
{
    BPFXX_TRY(check_may_attach(interface, options));
    AttachOptions complete = options;
    complete.mount_bpffs = context.mount_bpffs;
    auto result = attach(pin_root(context), interface, complete);
    if (result)
        tell_attached(interface, *result);
    return result;
}

void add_attach(CLI::App& program, Context& context)
{
    struct Arguments {
        std::vector<std::string> interfaces;
        bool default_route = false;
        AttachOptions options;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("attach", "Attach the counter; it counts until detached");
    command->add_option("IFACE", arguments->interfaces, "Interfaces");
    command->add_flag("--interface-default-route", arguments->default_route,
                      "The interfaces that a default route leads over now");
    add_attach_options(*command, arguments->options);
    add_dispatcher_options(*command, arguments->options);
    command->footer(examples);
    command->callback([arguments, &context] {
        std::vector<std::string> interfaces = arguments->interfaces;
        if (!arguments->default_route && interfaces.empty())
            throw CLI::RequiredError("IFACE");
        if (arguments->default_route)
            if (const auto result = add_default_route(interfaces); !result)
                fail(context, result.error());
        for (const std::string& interface : interfaces)
            if (const auto result = attach_and_tell(interface, arguments->options, context); !result)
                fail(context, result.error());
    });
}

} // namespace xdpstat
