// SPDX-License-Identifier: BSD-2-Clause
//
// What programs in the kernel write, read by every class that can.
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/array_map.hpp"
#include "bpfxx/cpus.hpp"
#include "bpfxx/global_data.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/mapped_array.hpp"
#include "bpfxx/ring_buffer.hpp"
#include "programs.hpp"

namespace {

struct Bits {
    std::uint8_t low;
    std::int16_t sign;
    bool on;
    std::uint64_t whole;
};

/// The second half of the pair alone.
struct Second {
    std::uint64_t second;
};

struct Renamed {
    std::uint64_t first;
    std::uint64_t third;
};

} // namespace

BPFXX_DESCRIBE(Bits, low, sign, on, whole);
BPFXX_DESCRIBE(Second, second);
BPFXX_DESCRIBE(Renamed, first, third);

namespace bpfxx::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ProgramsTest : public MapTest {};

TEST_F(ProgramsTest, SendRecordsThroughARing)
{
    const Programs programs;
    std::vector<record> received;
    auto ring = take(RingBuffer::open_loaded(
        programs->maps.records, receive_as<record>([&](const record& it) { received.push_back(it); })));
    Programs::run(programs->progs.send_record, 3);
    EXPECT_EQ(take(ring.poll(std::chrono::seconds(1))), 3U);
    ASSERT_EQ(received.size(), 3U);
    EXPECT_EQ(received[2].number, 2U);
    EXPECT_EQ(received[2].kind, RECORD_SENT);
    EXPECT_STREQ(received[2].text, "hello");

    Programs::run(programs->progs.send_record);
    EXPECT_EQ(take(ring.consume()), 1U);
    EXPECT_EQ(take(ring.consume()), 0U);
}

TEST_F(ProgramsTest, LoseRecordsInAFullRingAndGoOnWhenItIsEmptied)
{
    const Programs programs;
    std::size_t received = 0;
    auto ring = take(RingBuffer::open_loaded(programs->maps.records, [&](Bytes) { received++; }));
    // 4096 bytes; a record takes 24, and its header 8.
    constexpr int sent = 200;
    Programs::run(programs->progs.send_record, sent);
    const auto first = take(ring.consume());
    EXPECT_EQ(first + programs.skeleton().bss().dropped, static_cast<std::size_t>(sent));
    EXPECT_GT(programs.skeleton().bss().dropped, 0U);
    Programs::run(programs->progs.send_record, 2);
    EXPECT_EQ(take(ring.poll(std::chrono::seconds(1))), 2U);
    EXPECT_EQ(received, first + 2);
}

TEST_F(ProgramsTest, CountInMapsOfAllKindsOfArrays)
{
    const Programs programs([](auto& skeleton) { skeleton.rodata().step = 3; });
    auto mapped = take(MappedArray<pair>::open_loaded(programs->maps.mapped));
    auto by_cpu = take(PerCpuArrayMap<pair>::open_loaded(programs->maps.by_cpu));
    auto array = take(ArrayMap<pair>::open_loaded(programs->maps.mapped));
    Programs::run(programs->progs.count, 10);
    EXPECT_EQ(mapped.read(0).first, 30U);
    EXPECT_EQ(take(array.lookup(0)).second, 30U);

    const auto values = take(by_cpu.lookup(0));
    EXPECT_EQ(values.size(), take(possible_cpus()).count);
    EXPECT_EQ(values.sum().first, 30U);
    EXPECT_EQ(values.max(&pair::second), 30U); // a test runs on one CPU
    EXPECT_EQ(values.min(&pair::second), values.size() == 1 ? 30U : 0U);
    std::uint64_t total = 0;
    std::size_t next_cpu = 0;
    values.for_each([&](std::size_t cpu, const pair& value) {
        EXPECT_EQ(cpu, next_cpu++);
        total += value.first;
    });
    EXPECT_EQ(total, 30U);
}

TEST_F(ProgramsTest, ArraysAreGoneThroughAndWritten)
{
    auto array = take(ArrayMap<pair>::create("array", 3));
    take(array.update(1, {1, 2}));
    std::vector<std::uint64_t> seen;
    take(array.for_each([&](std::uint32_t index, const pair& value) {
        EXPECT_EQ(index, seen.size());
        seen.push_back(value.first);
    }));
    EXPECT_THAT(seen, ElementsAre(0, 1, 0));
    EXPECT_FALSE(array.update(3, {1, 2}));

    auto by_cpu = take(PerCpuArrayMap<std::uint64_t>::create("by_cpu", 2));
    std::vector<std::uint64_t> values(take(possible_cpus()).count);
    for (std::size_t cpu = 0; cpu < values.size(); cpu++)
        values[cpu] = cpu + 1;
    take(by_cpu.update(1, values));
    EXPECT_EQ(take(by_cpu.lookup(1)).max(), values.size());
    EXPECT_EQ(take(by_cpu.lookup(0)).sum(), 0U);
    take(by_cpu.update(0, 5));
    EXPECT_EQ(take(by_cpu.lookup(0)).sum(), 5 * values.size());
    values.push_back(0);
    const auto too_many = by_cpu.update(1, values);
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(too_many.error().message(), HasSubstr("possible CPUs"));
}

TEST_F(ProgramsTest, WriteBitFieldsThatCompilersOfBothSidesAgreeOn)
{
    const Programs programs;
    Programs::run(programs->progs.count, 37);
    const auto expect = [](const Bits& bits) {
        EXPECT_EQ(bits.low, 37 % 32);
        EXPECT_EQ(bits.sign, -2);
        EXPECT_TRUE(bits.on);
        EXPECT_EQ(bits.whole, 37U);
    };
    auto array = take(ArrayMap<Bits>::open_loaded(programs->maps.bits));
    EXPECT_EQ(array.layout()->outcome, Outcome::compatible);
    expect(take(array.lookup(0)));
    const auto refused = array.update(0, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::incompatible);
}

TEST_F(ProgramsTest, APartOfAValueIsReadAlone)
{
    const Programs programs;
    auto part = take(MappedArray<Second>::open_loaded(programs->maps.mapped));
    EXPECT_EQ(part.layout()->outcome, Outcome::compatible);
    ASSERT_EQ(part.layout()->projection.size(), 1U);
    EXPECT_EQ(part.layout()->projection[0].size, sizeof(Second));
    Programs::run(programs->progs.count, 2);
    EXPECT_EQ(part.read(0).second, 2U);
}

TEST_F(ProgramsTest, AMapIsOpenedFromASkeletonOnlyWhenItIsLoaded)
{
    auto skeleton = take(Skeleton<map_programs_bpf>::open("map_programs"));
    const auto early = MappedArray<pair>::open_loaded(skeleton->maps.mapped);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().message(),
              "cannot open map mapped: its object is not loaded; load() the skeleton first");
    take(skeleton.load());
    EXPECT_TRUE(MappedArray<pair>::open_loaded(skeleton->maps.mapped));
}

class GlobalDataTest : public MapTest {};

TEST_F(GlobalDataTest, IsReadByNameFromTheOutside)
{
    const Programs programs([](auto& skeleton) {
        skeleton.rodata().step = 5;
        skeleton.bss().runs = 100;
    });
    const auto bss = take(GlobalData::open_loaded(programs->maps.bss));
    const auto data = take(GlobalData::open_loaded(programs->maps.data));
    const auto rodata = take(GlobalData::open_loaded(programs->maps.rodata));
    const auto runs = take(bss.variable<std::uint64_t>("runs"));
    const auto last = take(data.variable<pair>("last"));
    const auto odd = take(data.variable<std::array<std::uint32_t, 3>>("odd_sized"));
    EXPECT_EQ(take(rodata.variable<std::uint32_t>("step")).read(), 5U);
    EXPECT_EQ(runs.read(), 100U);
    EXPECT_EQ(last.read().second, 7U);
    EXPECT_THAT(odd.read(), ElementsAre(1, 2, 3));
    Programs::run(programs->progs.count, 4);
    EXPECT_EQ(runs.read(), 104U);
    EXPECT_EQ(last.read().second, 27U);
    EXPECT_EQ(last.layout()->outcome, Outcome::same);
    EXPECT_EQ(take(data.variable<Second>("last")).read().second, 27U);
    // The same memory as the skeleton's own.
    EXPECT_EQ(programs.skeleton().bss().runs, 104U);
    EXPECT_EQ(programs.skeleton().data().last.first, 27U);
}

TEST_F(GlobalDataTest, OutlivesWhatItCameFrom)
{
    std::optional<Global<std::uint64_t>> runs;
    {
        const Programs programs([](auto& skeleton) { skeleton.bss().runs = 9; });
        runs = take(take(GlobalData::open_loaded(programs->maps.bss)).variable<std::uint64_t>("runs"));
    }
    EXPECT_EQ(runs->read(), 9U);
}

TEST_F(GlobalDataTest, SaysWhatIsNotThereOrDoesNotFit)
{
    const Programs programs;
    const auto data = take(GlobalData::open_loaded(programs->maps.data));
    EXPECT_THAT(data.names(), ::testing::UnorderedElementsAre("last", "odd_sized"));
    const auto missing = data.variable<std::uint64_t>("first");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind(), ErrorKind::not_found);
    EXPECT_THAT(missing.error().message(), HasSubstr("there are: "));
    const auto other = data.variable<Renamed>("last");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind(), ErrorKind::incompatible);
    EXPECT_THAT(other.error().detail(), HasSubstr("third"));
    const auto no_section = GlobalData::open_loaded(programs->maps.mapped);
    ASSERT_FALSE(no_section);
    EXPECT_THAT(no_section.error().message(), HasSubstr("describes no section"));
    const auto not_mapped = GlobalData::open_loaded(programs->maps.pairs);
    ASSERT_FALSE(not_mapped);
    EXPECT_EQ(not_mapped.error().kind(), ErrorKind::unsupported);
}

class LogTest : public MapTest {
protected:
    ~LogTest() override { set_log_hook({}); }
};

TEST_F(LogTest, GoesToTheHookAndStaysInTheError)
{
    std::vector<std::string> lines;
    set_log_hook([&](LogLevel level, std::string_view line) {
        if (level != LogLevel::debug)
            lines.emplace_back(line);
    });
    auto skeleton = take(Skeleton<map_programs_bpf>::open("map_programs"));
    bpf_map__set_type(skeleton->maps.mapped, BPF_MAP_TYPE_HASH); // mmapable: the kernel refuses it
    const auto loaded = skeleton.load();
    ASSERT_FALSE(loaded);
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(loaded.error().detail(), HasSubstr(lines.front() + "\n"));
    const std::size_t count = lines.size();
    set_log_hook({});
    auto again = take(Skeleton<map_programs_bpf>::open("map_programs"));
    bpf_map__set_type(again->maps.mapped, BPF_MAP_TYPE_HASH);
    EXPECT_FALSE(again.load());
    EXPECT_EQ(lines.size(), count);
}

int lines_printed = 0;

TEST_F(LogTest, LeavesTheProgramsOwnPrintFunctionInPlace)
{
    const auto before =
        libbpf_set_print([](enum libbpf_print_level, const char*, va_list) { return ++lines_printed; });
    const auto skeleton = take(Skeleton<map_programs_bpf>::open("map_programs"));
    const int captured = lines_printed;
    // A call of the program's own.
    bpf_map__set_value_size(skeleton->maps.records, 8);
    LIBBPF_OPTS(bpf_object_open_opts, options);
    EXPECT_EQ(bpf_object__open_mem("nothing", 7, &options), nullptr);
    EXPECT_GT(lines_printed, captured);
    libbpf_set_print(before);
}

} // namespace
} // namespace bpfxx::test
