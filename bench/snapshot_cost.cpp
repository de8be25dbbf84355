// SPDX-License-Identifier: BSD-2-Clause
#include <cerrno>
#include <chrono>
#include <string>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "bench/measure.hpp"
#include "bench/series.hpp"
#include "counter/loader.hpp"
#include "counter/pins.hpp"
#include "counter/reader.hpp"

namespace xdpstat::bench {

namespace {

/// Reads in one go: enough to make the clock's own cost vanish.
constexpr int reads_in_one_go = 2000;

const std::string directory = "/sys/fs/bpf/bench";

bpfxx::Result<> pin(int fd, const std::string& path)
{
    if (bpf_obj_pin(fd, path.c_str()) != 0)
        return std::unexpected(bpfxx::system_error("pin", path, errno));
    return {};
}

bpfxx::Result<Reader> open_reader(const LoadedCounter& counter)
{
    if (mkdir(directory.c_str(), S_IRWXU) != 0)
        return std::unexpected(bpfxx::system_error("make", directory, errno));
    BPFXX_TRY(pin(counter.stats_map_fd(), stats_pin(directory)));
    BPFXX_TRY(pin(counter.traffic_map_fd(), traffic_pin(directory)));
    return Reader::open(directory);
}

/// Nanoseconds a call. @param read returns false where reading fails
template <class Read>
bpfxx::Result<double> time_reads(Read read)
{
    const auto begin = std::chrono::steady_clock::now();
    bool done = true;
    for (int i = 0; i < reads_in_one_go; i++)
        done &= read();
    const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - begin;
    if (!done)
        return std::unexpected(bpfxx::system_error("read", "a map", errno));
    return passed.count() / reads_in_one_go;
}

/// Keeps the compiler from leaving out what computed the value.
template <class Value>
void use(const Value& value)
{
    asm volatile("" : : "r"(&value) : "memory");
}

} // namespace

bpfxx::Result<Section> measure_snapshot_cost(const Settings& settings)
{
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    const auto counter = load_counter(SlotLayout::percpu, true);
    if (!counter)
        return std::unexpected(counter.error());
    auto reader = open_reader(*counter);
    if (!reader)
        return std::unexpected(reader.error());

    Series lookup;
    Series mapped;
    Series whole;
    for (int round = 0; round < settings.rounds; round++) {
        const __u32 key = 0;
        pkt_stats stats{};
        const auto by_lookup =
            time_reads([&] { return bpf_map_lookup_elem(counter->stats_map_fd(), &key, &stats) == 0; });
        const auto by_mapping = time_reads([&] {
            const auto sum = reader->read_stats();
            use(sum);
            return sum.has_value();
        });
        const auto with_breakdown = time_reads([&] {
            const auto snapshot = reader->read();
            use(snapshot);
            return snapshot.has_value();
        });
        for (const auto* time : {&by_lookup, &by_mapping, &with_breakdown})
            if (!*time)
                return std::unexpected(time->error());
        lookup.add(*by_lookup);
        mapped.add(*by_mapping);
        whole.add(*with_breakdown);
    }

    const auto row = [&](const std::string& name, const Series& series) {
        return std::vector{name, fmt::format("{:.1f}", series.median()),
                           fmt::format("{:.1f}", series.minimum()),
                           fmt::format("{:.1f}", lookup.median() / series.median())};
    };
    return Section{.title = "What a reading costs",
                   .method = fmt::format("One snapshot of `stats_map` through the mapping "
                                         "(`Reader::read_stats()`: the sum over the slots of all "
                                         "possible CPUs) against one call of bpf_map_lookup_elem() for one "
                                         "of its slots; then `Reader::read()`, "
                                         "which also takes two clocks and sums the 512 cells of the "
                                         "breakdown. {} readings in one go, {} rounds, "
                                         "interleaved; medians, fastest rounds, and how many times faster "
                                         "than the lookup. Aim: the snapshot at "
                                         "least 50 times faster.",
                                         reads_in_one_go, settings.rounds),
                   .table = {{"reading", "median, ns", "least, ns", "times faster"},
                             row("bpf_map_lookup_elem(), one slot", lookup),
                             row("snapshot of stats_map, mapped", mapped),
                             row("the same with the breakdown", whole)}};
}

} // namespace xdpstat::bench
