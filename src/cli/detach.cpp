// SPDX-License-Identifier: BSD-2-Clause
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "counter/attachment.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat detach eth0
  sudo xdpstat detach --all)";

bpfxx::Result<std::vector<std::string>> all_interfaces(const PinRoot& root)
{
    if (const auto mended = mend(root); !mended && mended.error().kind != bpfxx::ErrorKind::not_found)
        return std::unexpected(mended.error());
    const auto instances = root.instances();
    if (!instances)
        return std::unexpected(instances.error());
    std::vector<std::string> names;
    for (const Instance& instance : *instances)
        names.push_back(instance.interface);
    return names;
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
        const PinRoot root(context.pin_root);
        std::vector<std::string> names = arguments->interfaces;
        if (arguments->all) {
            auto found = all_interfaces(root);
            if (!found) {
                context.exit_code = report(found.error());
                return;
            }
            names = std::move(*found);
        }
        for (const std::string& name : names) {
            if (const auto result = detach(root, name); !result)
                context.exit_code = report(result.error());
            else
                std::printf("%s: detached\n", name.c_str());
        }
    });
}

} // namespace xdpstat
