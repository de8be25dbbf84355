// SPDX-License-Identifier: BSD-2-Clause
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "bench/child.hpp"
#include "bench/measure.hpp"
#include "bench/series.hpp"
#include "bpfxx/counter_array.hpp"
#include "bpfxx/cpus.hpp"
#include "counter/layouts.hpp"
#include "counter/loader.hpp"
#include "counter/pins.hpp"

namespace xdpstat::bench {

namespace {

using bpfxx::Result;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

const std::string directory = "/sys/fs/bpf/ways";

/// The system's own: the first in PATH may be a wrapper that costs more than the script.
const std::string python = "/usr/bin/python3";

/// Reads within a process that are timed in one go.
constexpr int reads_in_one_go = 2000;

struct Way {
    std::string name;
    std::function<Result<>()> read;
    int reads = 1; ///< in one go
    Series times;  ///< microseconds a read
};

Result<> to_result(int returned, const std::string& operation)
{
    if (returned < 0)
        return std::unexpected(bpfxx::system_error(operation, "a map", errno));
    return {};
}

Result<double> time_reads(const Way& way)
{
    const auto begin = Clock::now();
    for (int i = 0; i < way.reads; i++)
        BPFXX_TRY(way.read());
    return Microseconds(Clock::now() - begin).count() / way.reads;
}

Way process(std::string name, std::vector<std::string> command)
{
    return {.name = std::move(name), .read = [command] { return run_command(command); }, .times = {}};
}

Way in_process(std::string name, std::function<Result<>()> read)
{
    return {.name = std::move(name), .read = std::move(read), .reads = reads_in_one_go, .times = {}};
}

/// A per-CPU array of the same value, as other counters have it. It holds zeros: that costs the same.
Result<bpfxx::Fd> make_per_cpu_array()
{
    bpfxx::Fd fd(
        bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "ways", sizeof(__u32), sizeof(pkt_stats), 1, nullptr));
    if (!fd)
        return std::unexpected(bpfxx::system_error("create", "a per-CPU array", errno));
    return fd;
}

std::vector<Way> ways(const Settings& settings, const LoadedCounter& counter,
                      bpfxx::CounterArray<pkt_stats>& mapped, int per_cpu_fd, std::uint32_t cpus)
{
    const std::string pin = stats_pin(directory);
    const int fd = counter.stats_map_fd();
    return {
        process("Python script", {python, settings.demo + "/03-show-stats-python.py", "--json", pin}),
        process("shell script", {settings.demo + "/03-show-stats.sh", "--json", pin}),
        process("bpftool alone", {"bpftool", "-j", "map", "dump", "pinned", pin}),
        process("native process", {settings.stats_reader, "--json", pin}),
        in_process("lookup, a call for each slot",
                   [fd, cpus, stats = pkt_stats{}]() mutable -> Result<> {
                       for (__u32 slot = 0; slot < cpus; slot++)
                           BPFXX_TRY(to_result(bpf_map_lookup_elem(fd, &slot, &stats), "look up"));
                       return {};
                   }),
        in_process("batch lookup, one call",
                   [fd, cpus, keys = std::vector<__u32>(cpus),
                    values = std::vector<pkt_stats>(cpus)]() mutable -> Result<> {
                       __u32 count = cpus;
                       __u32 next = 0;
                       const int result = bpf_map_lookup_batch(fd, nullptr, &next, keys.data(), values.data(),
                                                               &count, nullptr);
                       // ENOENT: the batch was the last.
                       return count == cpus ? Result<>{} : to_result(result, "look up a batch of");
                   }),
        in_process("per-CPU array, one lookup",
                   [per_cpu_fd, values = std::vector<pkt_stats>(cpus)]() mutable -> Result<> {
                       const __u32 key = 0;
                       return to_result(bpf_map_lookup_elem(per_cpu_fd, &key, values.data()), "look up");
                   }),
        in_process("mapping",
                   [&mapped]() -> Result<> {
                       const auto sum = mapped.sum();
                       asm volatile("" : : "r"(&sum) : "memory"); // keeps the sum from being left out
                       return sum ? Result<>{} : std::unexpected(sum.error());
                   }),
    };
}

} // namespace

Result<Section> measure_reading_ways(const Settings& settings)
{
    BPFXX_TRY(free_thread(settings.machine)); // as a person runs them
    const auto cpus = bpfxx::possible_cpus();
    const auto counter = load_counter(SlotLayout::percpu, true);
    if (!counter)
        return std::unexpected(counter.error());
    if (::mkdir(directory.c_str(), S_IRWXU) != 0)
        return std::unexpected(bpfxx::system_error("make", directory, errno));
    const std::string pin = stats_pin(directory);
    BPFXX_TRY(to_result(bpf_obj_pin(counter->stats_map_fd(), pin.c_str()), "pin"));
    auto mapped = bpfxx::CounterArray<pkt_stats>::open_pinned(pin);
    const auto per_cpu = make_per_cpu_array();
    if (!cpus || !mapped || !per_cpu)
        return std::unexpected(!cpus ? cpus.error() : !mapped ? mapped.error() : per_cpu.error());

    auto all = ways(settings, *counter, *mapped, per_cpu->get(), cpus->id_limit);
    for (int round = 0; round < settings.rounds; round++) {
        for (Way& way : all) {
            const auto time = time_reads(way);
            if (!time)
                return std::unexpected(time.error());
            way.times.add(*time);
        }
    }

    const double fastest = all.back().times.median();
    Section section{
        .title = "What each way of reading costs",
        .method = fmt::format(
            "One reading of all {} slots of the same pinned `stats_map`. As whole processes, from "
            "start to end, each with JSON as its output: demo/03-show-stats-python.py by /usr/bin/python3, "
            "demo/03-show-stats.sh, `bpftool map dump`, which both of them call, after `bpftool map show`, "
            "and "
            "`stats_reader` (demo/stats_reader.cpp). Within a process that has the map open: "
            "bpf_map_lookup_elem() for each slot; bpf_map_lookup_batch() for all of them; "
            "bpf_map_lookup_elem() on a BPF_MAP_TYPE_PERCPU_ARRAY; and "
            "bpfxx::CounterArray::sum() on the mapping. {} rounds, in each of them every way "
            "once, {} readings in one go within a process; medians, fastest, and how many times "
            "the mapping. Aims: `stats_reader` at least 10 times faster than the Python script, "
            "the shell script below 50 ms. In this run they are {:.1f} times and {:.1f} ms.",
            cpus->id_limit, settings.rounds, reads_in_one_go, all[0].times.median() / all[3].times.median(),
            all[1].times.median() / 1000),
        .table = {{"way", "median, µs", "least, µs", "times the mapping"}}};
    for (const Way& way : all)
        section.table.push_back({way.name, fmt::format("{:.3f}", way.times.median()),
                                 fmt::format("{:.3f}", way.times.minimum()),
                                 fmt::format("{:.0f}", way.times.median() / fastest)});
    return section;
}

} // namespace xdpstat::bench
