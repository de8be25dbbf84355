// SPDX-License-Identifier: BSD-2-Clause
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "bench/frames.hpp"
#include "bench/measure.hpp"
#include "bench/programs.hpp"
#include "bench/series.hpp"
#include "counter/loader.hpp"

namespace xdpstat::bench {

namespace {

/// One line of a table: a program over a frame.
struct Subject {
    std::string name;
    int program_fd;
    std::vector<std::uint8_t> frame;
    Series cost{};       ///< nanoseconds a run
    Series over_empty{}; ///< the same less the empty program's runs just before and after
};

/// Every subject once in each round, with the empty program between them.
/// @returns what the empty program took
bpfxx::Result<Series> run_rounds(std::vector<Subject>& subjects, int empty_fd, const Settings& settings)
{
    Series empty;
    const auto frame = tcp_over_ipv4().bytes;
    auto before = time_program(empty_fd, frame, settings.repeat);
    if (!before)
        return std::unexpected(before.error());
    for (int round = 0; round < settings.rounds; round++) {
        for (Subject& subject : subjects) {
            const auto cost = time_program(subject.program_fd, subject.frame, settings.repeat);
            if (!cost)
                return std::unexpected(cost.error());
            const auto after = time_program(empty_fd, frame, settings.repeat);
            if (!after)
                return std::unexpected(after.error());
            subject.cost.add(*cost);
            subject.over_empty.add(*cost - (*before + *after) / 2);
            empty.add(*after);
            before = after;
        }
    }
    return empty;
}

Table to_table(const std::string& name, const std::vector<Subject>& subjects, const Series& empty)
{
    Table table{{name, "over empty, ns", "least, ns", "times empty"}};
    for (const Subject& subject : subjects)
        table.push_back({subject.name, fmt::format("{:.1f}", subject.over_empty.median()),
                         fmt::format("{:.0f}", subject.cost.minimum() - empty.minimum()),
                         fmt::format("{:.2f}", subject.cost.median() / empty.median())});
    table.push_back({"(the empty program itself)", fmt::format("{:.1f}", empty.median()),
                     fmt::format("{:.0f}", empty.minimum()), "1.00"});
    return table;
}

std::string variant_name(xdp_counter_length length, SlotLayout layout, bool breakdown, bool chosen)
{
    return fmt::format("{}, {}, {}{}", to_string(length), layout == SlotLayout::percpu ? "percpu" : "shared",
                       breakdown ? "both maps" : "no breakdown", chosen ? " (default here)" : "");
}

} // namespace

bpfxx::Result<Section> measure_program_cost(const Settings& settings)
{
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    const auto baseline = Baseline::load();
    if (!baseline)
        return std::unexpected(baseline.error());
    const auto chosen = load_counter(SlotLayout::percpu, true);
    if (!chosen)
        return std::unexpected(chosen.error());

    std::vector<LoadedCounter> counters;
    std::vector<Subject> subjects;
    std::string missing;
    for (const auto length :
         {XDP_COUNTER_LENGTH_KERNEL_CTX, XDP_COUNTER_LENGTH_HELPER, XDP_COUNTER_LENGTH_LINEAR}) {
        for (const auto layout : {SlotLayout::percpu, SlotLayout::shared}) {
            for (const bool breakdown : {true, false}) {
                const bool is_chosen =
                    length == chosen->length_source() && layout == SlotLayout::percpu && breakdown;
                const std::string name = variant_name(length, layout, breakdown, is_chosen);
                auto counter = load_counter(layout, breakdown, length);
                if (!counter) {
                    missing +=
                        fmt::format("\n\nNot measured: {}: {}", name, counter.error().message().c_str());
                    continue;
                }
                subjects.push_back({name, counter->program_fd(), tcp_over_ipv4().bytes});
                counters.push_back(std::move(*counter));
            }
        }
    }

    const auto empty = run_rounds(subjects, baseline->empty(), settings);
    if (!empty)
        return std::unexpected(empty.error());
    return Section{
        .title = "What a packet costs",
        .method =
            fmt::format(
                "The whole program over a frame of 64 bytes, TCP over IPv4, by BPF_PROG_TEST_RUN on one CPU: "
                "{} "
                "rounds, in each of them every variant {} times in one go, and the empty program (return "
                "XDP_PASS) "
                "before and after each. *Over empty* is the median over the rounds of the difference between "
                "a "
                "variant and the two runs of the empty program next to it, for the machine's speed drifts by "
                "more "
                "than the difference. *Least* is the variant's fastest run less the fastest of the empty "
                "program; "
                "*times empty* is the ratio of the medians, which contains what BPF_PROG_TEST_RUN itself "
                "costs. The kernel's clock counts whole nanoseconds.\n\n"
                "The variants: where the program takes the frame's length from (`kernel_ctx`: struct "
                "xdp_buff, and "
                "the helper only for frames in fragments; `helper`: bpf_xdp_get_buff_len() for each frame, "
                "which is "
                "what is left without CAP_PERFMON; `linear`: for kernels that know no fragments), one slot "
                "for each "
                "CPU or one shared slot with atomic adds, and with or without the breakdown. Aims for the "
                "default: "
                "at most 18 ns with both maps, 14 ns with `--no-breakdown`.",
                settings.rounds, settings.repeat) +
            missing,
        .table = to_table("variant", subjects, *empty)};
}

bpfxx::Result<Section> measure_frame_cost(const Settings& settings)
{
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    const auto baseline = Baseline::load();
    if (!baseline)
        return std::unexpected(baseline.error());
    const auto counter = load_counter(SlotLayout::percpu, true);
    if (!counter)
        return std::unexpected(counter.error());

    std::vector<Subject> subjects;
    for (Frame& frame : frames_of_each_kind())
        subjects.push_back({std::move(frame.name), counter->program_fd(), std::move(frame.bytes)});
    const auto empty = run_rounds(subjects, baseline->empty(), settings);
    if (!empty)
        return std::unexpected(empty.error());

    Table table = to_table("frame", subjects, *empty);
    double sum = 0;
    for (const Subject& subject : subjects)
        sum += subject.over_empty.median();
    table.push_back(
        {"mean of all kinds", fmt::format("{:.1f}", sum / static_cast<double>(subjects.size())), "", ""});
    return Section{
        .title = "What other frames cost",
        .method = fmt::format(
            "As above, for what is the default on this machine ({}, one slot for each CPU, both maps). "
            "BPF_PROG_TEST_RUN takes one frame a call, so each line is many frames alike: the mean of "
            "all kinds is one of such lines, and leaves out what it costs a CPU to guess wrong which "
            "kind comes next. Frames with more than two tags or with IPv6 extension headers are read "
            "header by header through a helper, which is what the last lines cost.",
            to_string(counter->length_source())),
        .table = std::move(table)};
}

} // namespace xdpstat::bench
