// SPDX-License-Identifier: BSD-2-Clause
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/readings.hpp"
#include "cli/terminal.hpp"
#include "counter/reader.hpp"
#include "view/human.hpp"
#include "view/show_csv.hpp"
#include "view/show_json.hpp"
#include "view/show_text.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat show
  sudo xdpstat show eth0 --json | jq '.interfaces[0].stats.total_packets'
  sudo xdpstat show --csv > counts.csv)";

struct Arguments {
    std::vector<std::string> interfaces;
    bool json = false;
    bool csv = false;
};

bpfxx::Result<Reading> read(const Instance& instance, bpfxx::Proof proof)
{
    auto reader = Reader::open(instance.directory, proof);
    if (!reader)
        return std::unexpected(std::move(reader).error());
    for (const std::string& note : reader->notes())
        std::fprintf(stderr, "xdpstat: %s: %s\n", printable(instance.interface).c_str(),
                     printable(note).c_str());
    auto snapshot = reader->read();
    if (!snapshot)
        return std::unexpected(std::move(snapshot).error());
    return Reading{instance, *snapshot};
}

int show(const Arguments& arguments, const Context& context)
{
    const auto instances = select_instances(arguments.interfaces, context);
    if (!instances)
        return report(instances.error());
    int code = exit_ok;
    std::vector<Reading> readings;
    for (const Instance& instance : *instances) {
        auto reading = read(instance, context.proof);
        if (reading)
            readings.push_back(std::move(*reading));
        else
            code = report(reading.error());
    }
    if (readings.empty())
        return code;
    const std::string text = arguments.json  ? show_json(readings)
                             : arguments.csv ? show_csv(readings)
                                             : show_text(readings, text_options());
    std::fputs(text.c_str(), stdout);
    return code;
}

} // namespace

void add_show(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("show", "Show what was counted: totals and the breakdown");
    command->add_option("IFACE", arguments->interfaces, "Interfaces (default: all that are attached)");
    CLI::Option* json = command->add_flag("--json", arguments->json, "As JSON, by a versioned schema");
    command->add_flag("--csv", arguments->csv, "As comma-separated values")->excludes(json);
    command->footer(examples);
    command->callback([arguments, &context] { context.exit_code = show(*arguments, context); });
}

} // namespace xdpstat
