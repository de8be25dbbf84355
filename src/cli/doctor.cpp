// SPDX-License-Identifier: BSD-2-Clause
#include "counter/doctor.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/terminal.hpp"
#include "view/findings.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  xdpstat doctor                                   this machine; as root it sees more
  sudo xdpstat doctor eth0                         and the interface: what stands in the way, which mode will result
  sudo xdpstat doctor eth0 --json | jq '.interface_findings[] | select(.severity == "fail")'

The exit code is 8 where something would stop attaching from working.)";

struct Arguments {
    std::string interface;
    bool json = false;
};

int examine(const Arguments& arguments, const Context& context)
{
    const PinRoot root(context.pin_root);
    const MachineFacts facts = gather_machine(root);
    const std::vector<Finding> machine = judge_machine(facts);
    std::vector<Finding> about_interface;
    if (!arguments.interface.empty()) {
        const auto interface = gather_interface(root, arguments.interface);
        about_interface = interface ? judge_interface(*interface, facts)
                                    : std::vector<Finding>{judge_missing(interface.error())};
    }
    const Examination examination{arguments.interface, machine, about_interface};
    const std::string text =
        arguments.json ? doctor_json(examination) : doctor_text(examination, text_options());
    std::fputs(text.c_str(), stdout);
    return any_failure(machine) || any_failure(about_interface) ? exit_findings : exit_ok;
}

} // namespace

void add_doctor(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("doctor", "Say what this machine can do and what stands in the way");
    command->add_option("IFACE", arguments->interface, "Interface");
    command->add_flag("--json", arguments->json, "As JSON, by a versioned schema");
    command->footer(examples);
    command->callback([arguments, &context] { context.exit_code = examine(*arguments, context); });
}

} // namespace xdpstat
