// SPDX-License-Identifier: BSD-2-Clause
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/context.hpp"
#include "cli/terminal.hpp"
#include "counter/verify_measure.hpp"
#include "view/findings.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat verify eth0
  sudo xdpstat verify eth0 --seconds 60            longer, where the driver refreshes its counters seldom
  sudo xdpstat verify eth0 --json | jq .agrees

The exit code is 0 where both are equal or the gap is explained, and 8 where a gap remains.)";

constexpr double longest_interval = 86400; ///< seconds

struct Arguments {
    std::string interface;
    double seconds = 5;
    bool json = false;
};

int verify_and_tell(const Arguments& arguments, const Context& context)
{
    const auto instance = PinRoot(context.pin_root).find(arguments.interface);
    if (!instance)
        return report(instance.error());
    const auto result = verify(*instance, std::chrono::duration<double>(arguments.seconds), context.proof);
    if (!result)
        return report(result.error());
    const std::string text = arguments.json ? verify_json(*result) : verify_text(*result, text_options());
    std::fputs(text.c_str(), stdout);
    return result->agrees ? exit_ok : exit_findings;
}

/// CLI11's own ranges take their bounds in, and let NaN through.
std::string check_seconds(const std::string& text)
{
    double seconds = 0;
    if (!CLI::detail::lexical_cast(text, seconds) || !(seconds > 0) || seconds > longest_interval)
        return "'" + text + "' is no interval: seconds above 0, at most a day";
    return {};
}

} // namespace

void add_verify(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand(
        "verify", "Compare the counter with the kernel's and the driver's own counters");
    command->add_option("IFACE", arguments->interface, "Interface")->required();
    command->add_option("--seconds", arguments->seconds, "How long to measure")
        ->check(CLI::Validator(check_seconds, "", "seconds"))
        ->type_name("SECONDS")
        ->capture_default_str();
    command->add_flag("--json", arguments->json, "As JSON, by a versioned schema");
    command->footer(examples);
    command->callback([arguments, &context] { context.exit_code = verify_and_tell(*arguments, context); });
}

} // namespace xdpstat
