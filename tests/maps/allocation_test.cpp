// SPDX-License-Identifier: BSD-2-Clause
//
// No reading allocates memory from its second time on: every operator new of the process is counted here.
#include <cstdlib>
#include <new>
#include <vector>

#include "bpfxx/array_map.hpp"
#include "bpfxx/counter_array.hpp"
#include "bpfxx/entries.hpp"
#include "bpfxx/global_data.hpp"
#include "bpfxx/keyed_map.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/mapped_array.hpp"
#include "bpfxx/queue_map.hpp"
#include "bpfxx/ring_buffer.hpp"
#include "programs.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size)
{
    allocations++;
    if (void* memory = std::malloc(size != 0 ? size : 1))
        return memory;
    throw std::bad_alloc();
}

} // namespace

void* operator new(std::size_t size)
{
    return counted(size);
}
void* operator new[](std::size_t size)
{
    return counted(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    allocations++;
    return std::malloc(size != 0 ? size : 1);
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}

namespace {

/// Second::second lies elsewhere than in the map.
struct Second {
    std::uint64_t second;
};

} // namespace

BPFXX_DESCRIBE(Second, second);

namespace bpfxx::test {
namespace {

class AllocationTest : public MapTest {
protected:
    AllocationTest()
    {
        for (std::uint32_t key = 0; key < 600; key++) {
            take(flows_.update(key, {key, key}));
            take(cpu_flows_.update(key, {key, key}));
        }
    }

    /// How many times reading allocates the second and the third time.
    template <class Read>
    static std::size_t allocated(Read read)
    {
        read();
        const std::size_t before = allocations;
        read();
        read();
        return allocations - before;
    }

    HashMap<std::uint32_t, pair> flows_ = take(HashMap<std::uint32_t, pair>::create("flows", 1024));
    PerCpuHashMap<std::uint32_t, pair> cpu_flows_ =
        take(PerCpuHashMap<std::uint32_t, pair>::create("flows", 1024));
    Programs programs_;
};

TEST_F(AllocationTest, TheCounterCounts)
{
    EXPECT_EQ(allocated([] { std::vector<int>(5).at(0) = 1; }), 2U);
}

TEST_F(AllocationTest, LookupsDoNot)
{
    auto projected = take(HashMap<std::uint32_t, Second>::open(take(Map::duplicate(flows_.map().fd()))));
    EXPECT_EQ(projected.layout()->outcome, Outcome::compatible);
    auto array = take(ArrayMap<pair>::open_loaded(programs_->maps.mapped));
    auto by_cpu = take(PerCpuArrayMap<pair>::open_loaded(programs_->maps.by_cpu));
    EXPECT_EQ(allocated([&] { (void)flows_.lookup(1); }), 0U);
    EXPECT_EQ(allocated([&] { (void)flows_.lookup(5000); }), 0U) << "not there";
    EXPECT_EQ(allocated([&] { (void)projected.lookup(1); }), 0U);
    EXPECT_EQ(allocated([&] { (void)cpu_flows_.lookup(1)->value().sum(); }), 0U);
    EXPECT_EQ(allocated([&] { (void)array.lookup(0); }), 0U);
    EXPECT_EQ(allocated([&] { (void)by_cpu.lookup(0)->sum(); }), 0U);
}

TEST_F(AllocationTest, IterationDoesNot)
{
    std::uint64_t sum = 0;
    const auto add = [&](std::uint32_t, const pair& value) { sum += value.first; };
    EXPECT_EQ(allocated([&] { take(flows_.for_each(add)); }), 0U);
    EXPECT_EQ(allocated([&] {
                  take(cpu_flows_.for_each(
                      [&](std::uint32_t, const PerCpu<pair>& values) { sum += values.sum().first; }));
              }),
              0U);
    EntryReader entries(flows_.map());
    const EntryReader::Visit visit = [&](Bytes, Bytes value) { return !value.empty(); };
    EXPECT_EQ(allocated([&] { take(entries.for_each(visit)); }), 0U);
}

TEST_F(AllocationTest, MappedReadsDoNot)
{
    const auto mapped = take(MappedArray<pair>::open_loaded(programs_->maps.mapped));
    const auto part = take(MappedArray<Second>::open_loaded(programs_->maps.mapped));
    const auto runs =
        take(take(GlobalData::open_loaded(programs_->maps.bss)).variable<std::uint64_t>("runs"));
    auto counters = take(CounterArray<pair>::open_loaded(programs_->maps.by_cpu));
    EXPECT_EQ(allocated([&] { (void)mapped.read(0); }), 0U);
    EXPECT_EQ(allocated([&] { (void)part.read(0); }), 0U);
    EXPECT_EQ(allocated([&] { (void)runs.read(); }), 0U);
    EXPECT_EQ(allocated([&] { (void)counters.sum(); }), 0U);
}

TEST_F(AllocationTest, QueuesAndRingsDoNot)
{
    auto queue = take(Queue<std::uint64_t>::create("queue", 8));
    EXPECT_EQ(allocated([&] {
                  (void)queue.push(1);
                  (void)queue.peek();
                  (void)queue.pop();
                  (void)queue.pop();
              }),
              0U);
    std::size_t records = 0;
    auto ring = take(RingBuffer::open_loaded(programs_->maps.records,
                                             receive_as<record>([&](const record&) { records++; })));
    const auto frame_run = [&] { Programs::run(programs_->progs.send_record); };
    EXPECT_EQ(allocated([&] {
                  frame_run();
                  (void)ring.consume();
              }),
              0U);
    EXPECT_EQ(records, 3U);
}

} // namespace
} // namespace bpfxx::test
