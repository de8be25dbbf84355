// SPDX-License-Identifier: BSD-2-Clause
//
// What the headers promise about threads, with programs of the kernel writing meanwhile. The thread sanitizer runs it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "bpfxx/array_map.hpp"
#include "bpfxx/cpus.hpp"
#include "bpfxx/entries.hpp"
#include "bpfxx/global_data.hpp"
#include "bpfxx/keyed_map.hpp"
#include "bpfxx/map_of_maps.hpp"
#include "bpfxx/mapped_array.hpp"
#include "bpfxx/queue_map.hpp"
#include "bpfxx/ring_buffer.hpp"
#include "bpfxx/value.hpp"
#include "programs.hpp"

namespace bpfxx::test {
namespace {

constexpr int thread_count = 4;
constexpr int rounds = 200;
constexpr std::uint64_t least_runs = 20000; ///< of a program, before its readers end

/// Runs work(number) in several threads at once; a failure of one becomes the test's.
void in_threads(const std::function<void(int number)>& work)
{
    std::vector<std::exception_ptr> failures(thread_count);
    std::vector<std::thread> threads;
    for (int number = 0; number < thread_count; number++)
        threads.emplace_back([&, number] {
            try {
                work(number);
            } catch (...) {
                failures[static_cast<std::size_t>(number)] = std::current_exception();
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    for (const std::exception_ptr& failure : failures)
        if (failure)
            std::rethrow_exception(failure);
}

/// Runs a program again and again while it lives.
class Running {
public:
    Running(const struct bpf_program* program, int times)
        : thread_([this, program, times] {
              while (!ends_) {
                  Programs::run(program, times);
                  runs_ += static_cast<std::uint64_t>(times);
              }
          })
    {
    }
    ~Running() { stop(); }
    [[nodiscard]] std::uint64_t runs() const { return runs_; }
    std::uint64_t stop()
    {
        ends_ = true;
        if (thread_.joinable())
            thread_.join();
        return runs_;
    }

private:
    std::atomic<bool> ends_ = false;
    std::atomic<std::uint64_t> runs_ = 0;
    std::thread thread_;
};

class ThreadsTest : public MapTest {};

TEST_F(ThreadsTest, ShareAMapping)
{
    const Programs programs;
    const auto mapped = take(MappedArray<pair>::open_loaded(programs->maps.mapped));
    Running running(programs->progs.count, 1000);
    in_threads([&](int) {
        pair before{};
        while (running.runs() < least_runs) {
            pair now{};
            mapped.sum_to(now);
            EXPECT_GE(now.first, before.first);
            EXPECT_GE(now.second, before.second);
            before = now;
            EXPECT_GE(mapped.read(0).first, before.first);
        }
    });
    const std::uint64_t runs = running.stop();
    EXPECT_EQ(mapped.read(0).first, runs);
}

TEST_F(ThreadsTest, ShareGlobalVariables)
{
    const Programs programs;
    const auto bss = take(GlobalData::open_loaded(programs->maps.bss));
    const auto shared = take(bss.variable<std::uint64_t>("runs"));
    Running running(programs->progs.count, 1000);
    in_threads([&](int) {
        const auto own = take(bss.variable<std::uint64_t>("runs"));
        while (running.runs() < least_runs) {
            const auto before = shared.read();
            EXPECT_GE(own.read(), before);
        }
    });
    const std::uint64_t runs = running.stop();
    EXPECT_EQ(shared.read(), runs);
}

TEST_F(ThreadsTest, ShareAMapWithoutTypes)
{
    const auto map = take(create_map({.type = BPF_MAP_TYPE_HASH,
                                      .name = "shared",
                                      .key = &shape<std::uint32_t>,
                                      .value = &shape<std::uint64_t>,
                                      .max_entries = 1024}));
    in_threads([&](int number) {
        for (std::uint32_t round = 0; round < rounds; round++) {
            const std::uint32_t key = round * thread_count + static_cast<std::uint32_t>(number);
            std::uint64_t value = key;
            take(map.update(bytes_of(key), bytes_of(value)));
            EXPECT_TRUE(take(map.lookup(bytes_of(key), mutable_bytes_of(value))));
            EXPECT_EQ(value, key);
            EXPECT_TRUE(take(map.erase(bytes_of(key))));
        }
    });
    std::uint32_t key = 0;
    EXPECT_FALSE(take(map.next_key({}, mutable_bytes_of(key))));
}

TEST_F(ThreadsTest, HaveAnObjectEachOnTheSameMap)
{
    const Programs programs;
    Running running(programs->progs.churn, 1000);
    std::atomic<std::uint64_t> seen = 0;
    in_threads([&](int) {
        auto pairs = take(HashMap<std::uint32_t, pair>::open_loaded(programs->maps.pairs));
        auto by_cpu = take(PerCpuArrayMap<pair>::open_loaded(programs->maps.by_cpu));
        EntryReader entries(pairs.map());
        while (running.runs() < least_runs) {
            take(pairs.for_each([&](std::uint32_t key, const pair& value) {
                EXPECT_LT(key, 512U);
                EXPECT_LT(value.first, 512U);
                seen++;
            }));
            take(entries.for_each([&](Bytes key, Bytes value) {
                EXPECT_EQ(key.size() + value.size(), sizeof(std::uint32_t) + sizeof(pair));
                return true;
            }));
            (void)take(pairs.lookup(7));
            EXPECT_EQ(take(by_cpu.lookup(0)).sum().first, 0U);
        }
    });
    running.stop();
    EXPECT_GT(seen.load(), 0U);
}

TEST_F(ThreadsTest, ShareAQueueThatLosesNothing)
{
    auto queue = take(Queue<std::uint64_t>::create("shared", thread_count * rounds));
    std::atomic<std::uint64_t> pushed = 0;
    std::atomic<std::uint64_t> popped = 0;
    in_threads([&](int number) {
        for (std::uint64_t round = 1; round <= rounds; round++) {
            const std::uint64_t value = round * thread_count + static_cast<std::uint64_t>(number);
            take(queue.push(value));
            pushed += value;
            if (const auto taken = take(queue.pop()))
                popped += *taken;
        }
    });
    while (const auto taken = take(queue.pop()))
        popped += *taken;
    EXPECT_EQ(popped.load(), pushed.load());
}

TEST_F(ThreadsTest, ExchangeInnerMapsUnderAReader)
{
    const auto make = [](std::uint64_t content) {
        auto inner = take(HashMap<std::uint32_t, std::uint64_t>::create("inner", 1));
        take(inner.update(0, content));
        return inner;
    };
    const auto like = make(0);
    auto outer = take(ArrayOfMaps::create("outer", 1, like.map()));
    take(outer.update(0, like.map()));
    in_threads([&](int number) {
        for (std::uint64_t round = 0; round < rounds / 4; round++) {
            if (number == 0) {
                take(outer.update(0, make(round).map()));
                continue;
            }
            // The one that was found may end at any moment: between finding and opening it, its number is gone.
            auto inner = outer.lookup(0);
            if (!inner) {
                EXPECT_EQ(inner.error().kind(), ErrorKind::not_found) << inner.error().message();
                continue;
            }
            ASSERT_TRUE(*inner);
            auto typed = take(HashMap<std::uint32_t, std::uint64_t>::open(std::move(**inner)));
            EXPECT_LT(*take(typed.lookup(0)), std::uint64_t{rounds});
        }
    });
}

TEST_F(ThreadsTest, ShareADecoder)
{
    const Programs programs;
    const auto decoder = take(TypeDecoder::of(take(Map::open_loaded(programs->maps.mapped))));
    const pair source{.first = 1, .second = 2};
    in_threads([&](int) {
        for (int round = 0; round < rounds; round++) {
            const auto value = take(decoder.value(bytes_of(source)));
            EXPECT_EQ(static_cast<std::uint64_t>(value.parts.at(1).number), 2U);
        }
    });
}

TEST_F(ThreadsTest, KeepTheirLogsApart)
{
    std::atomic<int> lines = 0;
    in_threads([&](int number) {
        for (int round = 0; round < 5; round++) {
            if (number == 0)
                set_log_hook([&](LogLevel, std::string_view) { lines++; });
            const LogCapture own;
            auto skeleton = take(Skeleton<map_programs_bpf>::open("map_programs"));
            bpf_map__set_type(skeleton->maps.mapped, BPF_MAP_TYPE_HASH);
            const auto loaded = skeleton.load();
            ASSERT_FALSE(loaded);
            EXPECT_THAT(loaded.error().detail(), ::testing::HasSubstr("'mapped'"));
            EXPECT_EQ(own.text(), "") << "the innermost capture gets it";
        }
    });
    set_log_hook({});
    EXPECT_GT(lines.load(), 0);
    EXPECT_GT(take(possible_cpus()).count, 0U);
}

} // namespace
} // namespace bpfxx::test
