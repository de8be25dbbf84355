// SPDX-License-Identifier: BSD-2-Clause
#include "view/status.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/terminal.hpp"
#include "counter/reader.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat status
  sudo xdpstat status --json)";

StatusRow row(const Instance& instance, bpfxx::Proof proof, int& code)
{
    StatusRow row{instance, std::nullopt};
    auto reader = Reader::open(instance.directory, proof);
    const auto stats = reader ? reader->read_stats() : std::unexpected(reader.error());
    if (stats)
        row.stats = *stats;
    else
        code = report(stats.error());
    return row;
}

int status(bool json, const Context& context)
{
    const auto instances = PinRoot(context.pin_root).instances();
    if (!instances)
        return report(instances.error());
    if (instances->empty() && !json) {
        std::printf("nothing is attached below %s\n", printable(context.pin_root).c_str());
        return exit_ok;
    }
    int code = exit_ok;
    std::vector<StatusRow> rows;
    for (const Instance& instance : *instances)
        rows.push_back(row(instance, context.proof, code));
    std::fputs((json ? status_json(rows) : status_text(rows, text_options())).c_str(), stdout);
    return code;
}

} // namespace

void add_status(CLI::App& program, Context& context)
{
    auto json = std::make_shared<bool>(false);
    CLI::App* command = program.add_subcommand("status", "List the counters and how they are attached");
    command->add_flag("--json", *json, "As JSON, by a versioned schema");
    command->footer(examples);
    command->callback([json, &context] { context.exit_code = status(*json, context); });
}

} // namespace xdpstat
