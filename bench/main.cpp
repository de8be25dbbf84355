// SPDX-License-Identifier: BSD-2-Clause
// Measures what the counter costs and writes the document to standard output, progress to standard error.
#include <cstdio>
#include <set>
#include <string>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "bench/machine.hpp"
#include "bench/measure.hpp"

namespace xdpstat::bench {

namespace {

std::string introduction(const Machine& machine)
{
    return "<!-- SPDX-License-Identifier: BSD-2-Clause -->\n# Performance\n\n" +
           wrapped(fmt::format("Written by `sudo make bench` (`scripts/bench --write` puts it here); on your "
                               "machine the figures "
                               "differ, the ratios less. Everything compared was measured in the same run, "
                               "in turns. Nothing is "
                               "asserted: no test fails for the time it takes.\n\n"
                               "Measured on {}, {}, {} CPUs{}, Linux {}.",
                               machine.cpu_model.empty() ? "an unnamed CPU" : machine.cpu_model,
                               machine.architecture, machine.cpus.size(),
                               machine.is_virtual ? " of a virtual machine" : "", machine.kernel));
}

int fail(const bpfxx::Error& error)
{
    fmt::print(stderr, "xdpstat_bench: {}\n{}", error.message().c_str(), error.detail().c_str());
    return 1;
}

struct Measurement {
    const char* name;
    bpfxx::Result<Section> (*measure)(const Settings& settings);
};

constexpr Measurement measurements[] = {
    {"program", measure_program_cost}, {"frames", measure_frame_cost},      {"two-cpus", measure_two_cpus},
    {"traffic", measure_traffic},      {"snapshot", measure_snapshot_cost}, {"reading", measure_reading_ways},
    {"library", measure_library_cost}, {"compile", measure_compile_cost},   {"commands", measure_commands},
    {"exporter", measure_exporter},
};

std::set<std::string> names()
{
    std::set<std::string> all;
    for (const Measurement& measurement : measurements)
        all.insert(measurement.name);
    return all;
}

/// @param wanted names of measurements; empty: all of them
int run(const Settings& settings, const std::set<std::string>& wanted)
{
    if (const auto isolated = isolate(); !isolated)
        return fail(isolated.error());
    fmt::print("{}", introduction(settings.machine));
    for (const auto& [name, measure] : measurements) {
        if (!wanted.empty() && !wanted.contains(name))
            continue;
        const auto section = measure(settings);
        if (!section)
            return fail(section.error());
        fmt::print("\n{}", to_markdown(*section));
        std::fflush(stdout);
        fmt::print(stderr, "measured: {}\n", section->title);
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}

} // namespace

} // namespace xdpstat::bench

int main(int argc, char** argv)
{
    xdpstat::bench::Settings settings{.machine = xdpstat::bench::this_machine(),
                                      .rounds = 60,
                                      .repeat = 50'000,
                                      .xdpstat = {},
                                      .stats_reader = {},
                                      .demo = {},
                                      .scripts = {}};
    std::set<std::string> wanted;
    CLI::App program("Measures what the counter costs.", "xdpstat_bench");
    program.add_option("XDPSTAT", settings.xdpstat, "The program to measure")->required();
    program.add_option("--stats-reader", settings.stats_reader, "The native reader to measure")->required();
    program.add_option("--demo", settings.demo, "The folder of the scripts to measure")->required();
    program.add_option("--scripts", settings.scripts, "The folder of what wrk runs")->required();
    program.add_option("--only", wanted, "Only these measurements; may be given several times")
        ->check(CLI::IsMember(xdpstat::bench::names()));
    program.add_option("--rounds", settings.rounds, "Rounds of each measurement")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000));
    program.add_option("--repeat", settings.repeat, "Runs of a program in one go")
        ->capture_default_str()
        ->check(CLI::Range(2, 10'000'000));
    CLI11_PARSE(program, argc, argv);
    return xdpstat::bench::run(settings, wanted);
}
