// SPDX-License-Identifier: BSD-2-Clause
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "counter/attachment.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat detach eth0
  sudo xdpstat detach --all)";

void tell(const std::string& interface, const bpfxx::Result<>& result, Context& context)
{
    if (result)
        std::printf("%s: detached\n", printable(interface).c_str());
    else
        fail(context, result.error());
}

/// Each that is there, also of interfaces in other network namespaces.
void detach_all(const PinRoot& root, Context& context)
{
    const auto mended = mend(root);
    if (!mended && mended.error().kind() != bpfxx::ErrorKind::not_found)
        return fail(context, mended.error());
    const auto instances = root.instances();
    if (!instances)
        return fail(context, instances.error());
    for (const Instance& instance : *instances)
        tell(instance.interface, detach(root, instance), context);
}

} // namespace

void add_detach(CLI::App& program, Context& context)
{
    struct Arguments {
        std::vector<std::string> interfaces;
        bool all = false;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("detach", "Detach the counter and remove its pins");
    CLI::Option* interfaces = command->add_option("IFACE", arguments->interfaces, "Interfaces");
    CLI::Option* all = command->add_flag("--all", arguments->all, "Every counter below the pin root");
    interfaces->excludes(all);
    command->footer(examples);
    command->callback([arguments, &context] {
        if (!arguments->all && arguments->interfaces.empty())
            throw CLI::RequiredError("IFACE or --all");
        const PinRoot root = pin_root(context);
        if (arguments->all)
            return detach_all(root, context);
        for (const std::string& name : arguments->interfaces)
            tell(name, detach(root, name), context);
    });
}

} // namespace xdpstat
