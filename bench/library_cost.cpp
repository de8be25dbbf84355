// SPDX-License-Identifier: BSD-2-Clause
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/measure.hpp"
#include "bench/series.hpp"
#include "bpfxx/array_map.hpp"
#include "bpfxx/cpus.hpp"
#include "bpfxx/keyed_map.hpp"
#include "bpfxx/mapped_array.hpp"

namespace xdpstat::bench {

/// As large as a counter's slot.
struct BenchValue {
    std::uint64_t words[8];
};

/// What a hash of flows mostly holds: packets and bytes.
struct BenchFlow {
    std::uint64_t words[2];
};

} // namespace xdpstat::bench

BPFXX_DESCRIBE(xdpstat::bench::BenchValue, words);
BPFXX_DESCRIBE(xdpstat::bench::BenchFlow, words);

namespace xdpstat::bench {

namespace {

using bpfxx::Result;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t hash_entries = 100'000;
constexpr std::uint32_t mapped_slots = 64;

/// A way of libbpf's, or by hand, and bpfxx's beside it.
struct Pair {
    std::string name;
    int reads; ///< in one go
    std::function<Result<>()> raw;
    std::function<Result<>()> typed;
    std::string aim;
    Series raw_times{};   ///< nanoseconds a read
    Series typed_times{}; ///< likewise
    Series ratios{};      ///< of typed to raw, of each round
};

/// One goes before, untimed: each finds the machine as readings of its own kind leave it, and not as the other's did.
Result<double> time_reads(const std::function<Result<>()>& read, int reads)
{
    BPFXX_TRY(read());
    const auto begin = Clock::now();
    for (int i = 0; i < reads; i++)
        BPFXX_TRY(read());
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / reads;
}

Result<> returned(int result)
{
    if (result < 0)
        return std::unexpected(bpfxx::system_error("read", "a map", errno));
    return {};
}

/// Keeps the compiler from leaving out what computed the value.
template <class Value>
void use(const Value& value)
{
    asm volatile("" : : "r"(&value) : "memory");
}

template <class Value>
using Hash = bpfxx::HashMap<std::uint32_t, Value>;

template <class Value>
Result<> fill(Hash<Value>& map)
{
    std::vector<std::uint32_t> keys(hash_entries);
    const std::vector<Value> values(hash_entries, Value{{1, 2}});
    for (std::uint32_t i = 0; i < hash_entries; i++)
        keys[i] = i;
    return map.update_all(keys, values);
}

Pair lookup_pair(Hash<BenchValue>& map)
{
    return {.name = "lookup in a hash",
            .reads = 10000,
            .raw = [fd = map.map().fd(), key = 0U]() mutable -> Result<> {
                BenchValue value;
                key = (key + 7919) % hash_entries;
                BPFXX_TRY(returned(bpf_map_lookup_elem(fd, &key, &value)));
                use(value);
                return {};
            },
            // Half the map away: neither finds in the caches what the other has just read.
            .typed = [&map, key = hash_entries / 2]() mutable -> Result<> {
                key = (key + 7919) % hash_entries;
                const auto value = map.lookup(key);
                if (!value)
                    return std::unexpected(value.error());
                use(*value);
                return {};
            },
            .aim = "at most 1.02"};
}

template <class Value>
Result<> sum_of_all(Hash<Value>& map)
{
    std::uint64_t sum = 0;
    BPFXX_TRY(map.for_each([&](std::uint32_t, const Value& value) { sum += value.words[0]; }));
    use(sum);
    return {};
}

/// Every entry of the hash: by keys, as all kernels can, against batches.
template <class Value>
Pair iteration_pair(Hash<Value>& map)
{
    return {.name =
                fmt::format("a hash of 100,000, values of {} bytes: keys against for_each()", sizeof(Value)),
            .reads = 1,
            .raw = [fd = map.map().fd()]() -> Result<> {
                std::uint32_t key = 0;
                std::uint64_t sum = 0;
                Value value;
                for (void* from = nullptr; bpf_map_get_next_key(fd, from, &key) == 0; from = &key) {
                    BPFXX_TRY(returned(bpf_map_lookup_elem(fd, &key, &value)));
                    sum += value.words[0];
                }
                use(sum);
                return {};
            },
            .typed = [&map]() -> Result<> { return sum_of_all(map); },
            .aim = "at most 0.2"};
}

/// The kernel's own share in it.
template <class Value>
Pair batch_pair(Hash<Value>& map)
{
    constexpr std::uint32_t room = 256; // as for_each() has
    return {.name = fmt::format("a hash of 100,000, values of {} bytes: batches against for_each()",
                                sizeof(Value)),
            .reads = 1,
            .raw = [fd = map.map().fd(), keys = std::vector<std::uint32_t>(room),
                    values = std::vector<Value>(room)]() mutable -> Result<> {
                std::uint32_t place = 0;
                std::uint64_t sum = 0;
                int result = 0;
                for (void* from = nullptr; result == 0; from = &place) {
                    std::uint32_t count = room;
                    result =
                        bpf_map_lookup_batch(fd, from, &place, keys.data(), values.data(), &count, nullptr);
                    if (result != 0 && errno != ENOENT)
                        return returned(result);
                    for (std::uint32_t i = 0; i < count; i++)
                        sum += values[i].words[0];
                }
                use(sum);
                return {};
            },
            .typed = [&map]() -> Result<> { return sum_of_all(map); },
            .aim = "at most 1.1"};
}

Pair mapped_pair(const bpfxx::MappedArray<BenchValue>& map, const volatile BenchValue* by_hand)
{
    return {.name = "sum over 64 mapped slots",
            .reads = 10000,
            .raw = [by_hand]() -> Result<> {
                BenchValue total{};
                for (std::uint32_t slot = 0; slot < mapped_slots; slot++)
                    for (std::size_t word = 0; word < std::size(total.words); word++)
                        total.words[word] += by_hand[slot].words[word];
                use(total);
                return {};
            },
            .typed = [&map]() -> Result<> {
                BenchValue total;
                map.sum_to(total);
                use(total);
                return {};
            },
            .aim = "at most 1.1"};
}

Pair per_cpu_pair(bpfxx::PerCpuArrayMap<BenchValue>& map, std::uint32_t cpus)
{
    return {.name = "sum over the CPUs of a per-CPU array",
            .reads = 10000,
            .raw = [fd = map.map().fd(), values = std::vector<BenchValue>(cpus)]() mutable -> Result<> {
                const std::uint32_t key = 0;
                BenchValue total{};
                BPFXX_TRY(returned(bpf_map_lookup_elem(fd, &key, values.data())));
                for (const BenchValue& value : values)
                    for (std::size_t word = 0; word < std::size(total.words); word++)
                        total.words[word] += value.words[word];
                use(total);
                return {};
            },
            .typed = [&map]() -> Result<> {
                const auto values = map.lookup(0);
                if (!values)
                    return std::unexpected(values.error());
                const BenchValue total = values->sum();
                use(total);
                return {};
            },
            .aim = "at most 1.1"};
}

Result<bpfxx::Map> make_array(std::uint32_t type, std::uint32_t entries, std::uint32_t flags)
{
    return bpfxx::create_map({.type = type,
                              .name = "bench",
                              .key = &bpfxx::shape<std::uint32_t>,
                              .value = &bpfxx::shape<BenchValue>,
                              .max_entries = entries,
                              .flags = flags});
}

Result<> measure(std::vector<Pair>& pairs, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (Pair& pair : pairs) {
            const bool raw_first = round % 2 == 0;
            const auto first = time_reads(raw_first ? pair.raw : pair.typed, pair.reads);
            const auto second = time_reads(raw_first ? pair.typed : pair.raw, pair.reads);
            if (!first || !second)
                return std::unexpected(!first ? first.error() : second.error());
            const double raw = raw_first ? *first : *second;
            const double typed = raw_first ? *second : *first;
            pair.raw_times.add(raw);
            pair.typed_times.add(typed);
            pair.ratios.add(typed / raw);
        }
    }
    return {};
}

} // namespace

Result<Section> measure_library_cost(const Settings& settings)
{
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    const auto cpus = bpfxx::possible_cpus();
    auto hash = Hash<BenchValue>::create("bench", hash_entries);
    auto flows = Hash<BenchFlow>::create("bench", hash_entries);
    auto array = make_array(BPF_MAP_TYPE_ARRAY, mapped_slots, BPF_F_MMAPABLE);
    auto per_cpu_array = make_array(BPF_MAP_TYPE_PERCPU_ARRAY, 1, 0);
    for (const auto* failed : {&array, &per_cpu_array})
        if (!*failed)
            return std::unexpected(failed->error());
    if (!cpus || !hash || !flows)
        return std::unexpected(!cpus ? cpus.error() : !hash ? hash.error() : flows.error());
    BPFXX_TRY(fill(*hash));
    BPFXX_TRY(fill(*flows));
    const auto by_hand = array->map_read_only();
    if (!by_hand)
        return std::unexpected(by_hand.error());
    const auto mapped = bpfxx::MappedArray<BenchValue>::open(std::move(*array));
    auto per_cpu = bpfxx::PerCpuArrayMap<BenchValue>::open(std::move(*per_cpu_array));
    if (!mapped || !per_cpu)
        return std::unexpected(!mapped ? mapped.error() : per_cpu.error());

    std::vector<Pair> pairs{
        lookup_pair(*hash),
        iteration_pair(*flows),
        iteration_pair(*hash),
        batch_pair(*hash),
        mapped_pair(*mapped, reinterpret_cast<const volatile BenchValue*>(by_hand->data())),
        per_cpu_pair(*per_cpu, cpus->count)};
    BPFXX_TRY(measure(pairs, settings.rounds));

    Section section{
        .title = "What bpfxx costs over libbpf",
        .method = fmt::format(
            "The same reading by libbpf's calls, or by a loop written by hand, and by "
            "bpfxx, on the same map, with values of {} bytes where none are named; by "
            "turns, each after an untimed one of its own kind, {} rounds; medians, and the median of the "
            "rounds' ratios. The mapped sum by hand "
            "reads through a pointer to volatile, as plain C would. What a whole hash costs "
            "is the kernel's: the line against batches says what bpfxx adds to it.",
            sizeof(BenchValue), settings.rounds),
        .table = {{"reading", "by hand, ns", "bpfxx, ns", "ratio", "aim"}}};
    for (const Pair& pair : pairs)
        section.table.push_back({pair.name, fmt::format("{:.1f}", pair.raw_times.median()),
                                 fmt::format("{:.1f}", pair.typed_times.median()),
                                 fmt::format("{:.3f}", pair.ratios.median()), pair.aim});
    return section;
}

} // namespace xdpstat::bench
