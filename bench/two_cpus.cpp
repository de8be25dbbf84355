// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <barrier>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/frames.hpp"
#include "bench/measure.hpp"
#include "bench/programs.hpp"
#include "bench/series.hpp"
#include "counter/loader.hpp"

namespace xdpstat::bench {

namespace {

/// A program, run by one CPU alone and by both at once.
struct Subject {
    std::string name;
    int program_fd;
    Series alone{};    ///< nanoseconds a run
    Series together{}; ///< the same, the mean of both CPUs
};

using Times = std::array<bpfxx::Result<double>, 2>;

/// Both CPUs start together; each takes its own time.
Times time_together(int program_fd, const std::vector<std::uint8_t>& frame, const Settings& settings)
{
    Times times{0.0, 0.0};
    std::barrier start(2);
    const auto drive = [&](std::size_t i) {
        const auto pinned = pin_thread(settings.machine.cpus[i]);
        start.arrive_and_wait();
        if (!pinned)
            times[i] = std::unexpected(pinned.error());
        else
            times[i] = time_program(program_fd, frame, settings.repeat);
    };
    {
        const std::jthread first(drive, 0);
        const std::jthread second(drive, 1);
    }
    return times;
}

bpfxx::Result<> run_round(Subject& subject, const std::vector<std::uint8_t>& frame, const Settings& settings)
{
    const auto alone = time_program(subject.program_fd, frame, settings.repeat);
    if (!alone)
        return std::unexpected(alone.error());
    const Times together = time_together(subject.program_fd, frame, settings);
    for (const auto& time : together)
        if (!time)
            return std::unexpected(time.error());
    subject.alone.add(*alone);
    subject.together.add((*together[0] + *together[1]) / 2);
    return {};
}

} // namespace

bpfxx::Result<Section> measure_two_cpus(const Settings& settings)
{
    if (settings.machine.cpus.size() < 2)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::unsupported, "measure", "two CPUs at once",
                                                 "only one may be used", "allow two: see taskset(1)"));
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    const auto baseline = Baseline::load();
    if (!baseline)
        return std::unexpected(baseline.error());
    const auto percpu = load_counter(SlotLayout::percpu, true);
    if (!percpu)
        return std::unexpected(percpu.error());
    const auto shared = load_counter(SlotLayout::shared, true);
    if (!shared)
        return std::unexpected(shared.error());

    std::array subjects{Subject{"(the empty program itself)", baseline->empty()},
                        Subject{"one slot for each CPU (default)", percpu->program_fd()},
                        Subject{"one shared slot (--layout shared)", shared->program_fd()},
                        Subject{"a plain array, packets and bytes", baseline->shared_array()}};
    const auto frame = tcp_over_ipv4().bytes;
    for (int round = 0; round < settings.rounds; round++)
        for (Subject& subject : subjects)
            BPFXX_TRY(run_round(subject, frame, settings));

    const Subject& empty = subjects[0];
    Table table{{"program", "one CPU, ns", "two CPUs, ns", "ratio"},
                {empty.name, fmt::format("{:.1f}", empty.alone.median()),
                 fmt::format("{:.1f}", empty.together.median()),
                 fmt::format("{:.2f}", empty.together.median() / empty.alone.median())}};
    for (std::size_t i = 1; i < subjects.size(); i++) {
        const double alone = subjects[i].alone.median() - empty.alone.median();
        const double together = subjects[i].together.median() - empty.together.median();
        table.push_back({subjects[i].name, fmt::format("{:.1f}", alone), fmt::format("{:.1f}", together),
                         fmt::format("{:.2f}", together / alone)});
    }
    return Section{
        .title = "Two CPUs at once",
        .method = fmt::format(
            "The same frame through the same loaded program by one thread on one CPU, then by two "
            "threads on two CPUs at once, {} times each: {} rounds, interleaved. The figures are medians "
            "of the cost of a packet over the empty program, which is run both ways too; with two CPUs, "
            "the mean of both. The plain array is the simplest of counters for comparison: it parses "
            "nothing and adds packets and bytes atomically to one entry that all CPUs share. Aim: the "
            "default rises by at most a fifth.",
            settings.repeat, settings.rounds),
        .table = std::move(table)};
}

} // namespace xdpstat::bench
