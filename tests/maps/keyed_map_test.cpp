// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/keyed_map.hpp"

#include <map>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bpfxx/cpus.hpp"
#include "bpfxx/layout_report.hpp"
#include "map_test.hpp"

namespace bpfxx::test {
namespace {

using ::testing::HasSubstr;

template <class M>
class KeyedMapTest : public MapTest {};

/// As on a kernel before 5.6.
struct WithoutBatches : MapKind<BPF_MAP_TYPE_HASH, false> {
    static constexpr bool batches = false;
};

using Kinds = ::testing::Types<HashMap<FlowKey, FlowStats>, KeyedMap<FlowKey, FlowStats, WithoutBatches>,
                               LruHashMap<FlowKey, FlowStats>, PerCpuHashMap<FlowKey, FlowStats>,
                               LruPerCpuHashMap<FlowKey, FlowStats>>;
TYPED_TEST_SUITE(KeyedMapTest, Kinds);

/// The same number whatever the kind: of one CPU, where there is a value for each.
std::uint64_t packets(const FlowStats& stats)
{
    return stats.packets;
}
std::uint64_t packets(const PerCpu<FlowStats>& stats)
{
    EXPECT_EQ(stats.sum().packets, stats[0].packets * stats.size());
    return stats[0].packets;
}

TYPED_TEST(KeyedMapTest, UpdatesLooksUpAndErases)
{
    auto map = take(TypeParam::create("flows", 64));
    EXPECT_FALSE(take(map.lookup(flow(1))));
    take(map.update(flow(1), {7, 700}));
    auto found = take(map.lookup(flow(1)));
    ASSERT_TRUE(found);
    EXPECT_EQ(packets(*found), 7U);
    take(map.update(flow(1), {8, 800}, Update::replace));
    EXPECT_EQ(packets(*take(map.lookup(flow(1)))), 8U);
    EXPECT_TRUE(take(map.erase(flow(1))));
    EXPECT_FALSE(take(map.erase(flow(1))));
    EXPECT_FALSE(take(map.lookup(flow(1))));
}

TYPED_TEST(KeyedMapTest, SaysWhyAnUpdateIsRefused)
{
    auto map = take(TypeParam::create("flows", 64));
    const auto absent = map.update(flow(1), {1, 1}, Update::replace);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().kind(), ErrorKind::not_found);
    EXPECT_THAT(absent.error().message(), HasSubstr(": there is no such key; to add it"));
    take(map.update(flow(1), {1, 1}, Update::insert));
    const auto present = map.update(flow(1), {1, 1}, Update::insert);
    ASSERT_FALSE(present);
    EXPECT_EQ(present.error().kind(), ErrorKind::busy);
    EXPECT_THAT(present.error().message(), HasSubstr(": the key is there already; to replace its value"));
    EXPECT_THAT(present.error().message(), HasSubstr("key 0a 00 00 01 0a 00 00 01 bb 01 06 00 of "));
    EXPECT_THAT(present.error().message(), HasSubstr("map 'flows' (id "));
}

TYPED_TEST(KeyedMapTest, TakesInOneStep)
{
    auto map = take(TypeParam::create("flows", 64));
    take(map.update(flow(3), {9, 900}));
    if (kernel_is_before(5, 14)) {
        const auto refused = map.take(flow(3));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind(), ErrorKind::unsupported);
        GTEST_SKIP() << "this kernel takes nothing out of such maps in one step (5.14 or newer does)";
    }
    auto taken = take(map.take(flow(3)));
    ASSERT_TRUE(taken);
    EXPECT_EQ(packets(*taken), 9U);
    EXPECT_FALSE(take(map.take(flow(3))));
    EXPECT_FALSE(take(map.lookup(flow(3))));
}

TYPED_TEST(KeyedMapTest, VisitsEachEntryOnce)
{
    constexpr std::uint32_t entries = 1500; // several batches
    auto map = take(TypeParam::create("flows", 4096));
    for (std::uint32_t i = 0; i < entries; i++)
        take(map.update(flow(i), {i, 2 * i}));
    for (int round = 0; round < 2; round++) {
        std::multiset<std::uint64_t> seen;
        take(map.for_each([&](const FlowKey& key, const auto& value) {
            EXPECT_EQ(key.destination[3], static_cast<std::uint8_t>(packets(value)));
            seen.insert(packets(value));
        }));
        EXPECT_EQ(seen.size(), entries);
        EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), entries);
    }
}

TYPED_TEST(KeyedMapTest, EndsWhereTheVisitorSays)
{
    auto map = take(TypeParam::create("flows", 64));
    for (std::uint32_t i = 0; i < 10; i++)
        take(map.update(flow(i), {i, 0}));
    int visited = 0;
    take(map.for_each([&](const FlowKey&, const auto&) { return ++visited < 3; }));
    EXPECT_EQ(visited, 3);
}

TYPED_TEST(KeyedMapTest, LetsTheVisitorErase)
{
    auto map = take(TypeParam::create("flows", 2048));
    for (std::uint32_t i = 0; i < 1000; i++)
        take(map.update(flow(i), {i, 0}));
    std::set<std::uint64_t> seen;
    take(map.for_each([&](const FlowKey& key, const auto& value) {
        seen.insert(packets(value));
        EXPECT_TRUE(take(map.erase(key)));
    }));
    EXPECT_EQ(seen.size(), 1000U);
    take(map.for_each([](const FlowKey&, const auto&) { ADD_FAILURE(); }));
}

TYPED_TEST(KeyedMapTest, ErasesAllThatAreThere)
{
    auto map = take(TypeParam::create("flows", 64));
    std::vector<FlowKey> keys;
    for (std::uint32_t i = 0; i < 20; i++) {
        keys.push_back(flow(i));
        if (i % 3 == 0)
            take(map.update(keys.back(), {i, 0}));
    }
    EXPECT_EQ(take(map.erase_all(keys)), 7U);
    EXPECT_EQ(take(map.erase_all(keys)), 0U);
}

TYPED_TEST(KeyedMapTest, OpensByPinIdAndName)
{
    auto map = take(TypeParam::create("xs_by_name", 64));
    take(map.update(flow(1), {5, 5}));
    const std::string pin = "/sys/fs/bpf/xs-maps-" + std::to_string(::getpid());
    take(map.map().pin(pin));
    auto pinned = TypeParam::open_pinned(pin);
    std::filesystem::remove(pin);
    EXPECT_EQ(packets(*take(take(std::move(pinned)).lookup(flow(1)))), 5U);
    EXPECT_EQ(packets(*take(take(TypeParam::open_id(map.map().info().id)).lookup(flow(1)))), 5U);
    auto named = take(TypeParam::open(take(Map::open_name("xs_by_name"))));
    ASSERT_TRUE(named.layout());
    EXPECT_EQ(named.layout()->outcome, Outcome::same);
    auto copy = take(TypeParam::open(take(Map::duplicate(map.map().fd()))));
    EXPECT_EQ(packets(*take(copy.lookup(flow(1)))), 5U);
}

class HashMapTest : public MapTest {};

TEST_F(HashMapTest, SaysThatItIsFull)
{
    auto map = take(HashMap<FlowKey, FlowStats>::create("flows", 2));
    take(map.update(flow(1), {1, 1}));
    take(map.update(flow(2), {1, 1}));
    const auto full = map.update(flow(3), {1, 1});
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().message(), HasSubstr("it is full; it holds 2 entries"));
}

TEST_F(HashMapTest, WritesInBatches)
{
    std::vector<FlowKey> keys;
    std::vector<FlowStats> values;
    for (std::uint32_t i = 0; i < 3000; i++) {
        keys.push_back(flow(i));
        values.push_back({i, i});
    }
    auto map = take(HashMap<FlowKey, FlowStats>::create("flows", 4000));
    take(map.update_all(keys, values));
    std::uint64_t sum = 0;
    take(map.for_each([&](const FlowKey&, const FlowStats& value) { sum += value.packets; }));
    EXPECT_EQ(sum, 3000ULL * 2999 / 2);

    auto small = take(HashMap<FlowKey, FlowStats>::create("flows", 100));
    const auto refused = small.update_all(keys, values);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("it is full"));
    const auto unequal = small.update_all(keys, std::span(values).first(3));
    ASSERT_FALSE(unequal);
    EXPECT_EQ(unequal.error().kind(), ErrorKind::invalid);
}

template <class V>
void write_own_values_of_each_cpu()
{
    constexpr std::uint32_t count = 300;
    const std::uint32_t cpus = take(possible_cpus()).count;
    auto map = take(PerCpuHashMap<std::uint32_t, V>::create("by_cpu", count));
    std::vector<std::uint32_t> keys(count);
    std::iota(keys.begin(), keys.end(), 0U);
    std::vector<V> values(keys.size() * cpus);
    std::iota(values.begin(), values.end(), V{1});
    take(map.update_all(keys, values));
    for (const std::uint32_t key : keys)
        for (std::uint32_t cpu = 0; cpu < cpus; cpu++)
            EXPECT_EQ(take(map.lookup(key)).value()[cpu], values[key * cpus + cpu]);
    values.pop_back();
    const auto unequal = map.update_all(keys, values);
    ASSERT_FALSE(unequal);
    EXPECT_EQ(unequal.error().kind(), ErrorKind::invalid);
}

TEST_F(HashMapTest, WritesTheValuesOfAllCpusAtOnce)
{
    write_own_values_of_each_cpu<std::uint64_t>();
    write_own_values_of_each_cpu<std::uint16_t>(); // between which the kernel has gaps
}

TEST_F(HashMapTest, ReadsAMapOfOneEntry)
{
    auto map = take(HashMap<std::uint32_t, std::uint64_t>::create("numbers", 1));
    take(map.update(1, 10));
    std::map<std::uint32_t, std::uint64_t> seen;
    take(map.for_each([&](std::uint32_t key, std::uint64_t value) { seen[key] = value; }));
    EXPECT_EQ(seen, (std::map<std::uint32_t, std::uint64_t>{{1, 10}}));
}

/// What stays is seen, however much comes and goes beside it.
TEST_F(HashMapTest, SeesWhatStaysWhileTheMapChanges)
{
    constexpr std::uint32_t staying = 500;
    auto map = take(HashMap<std::uint32_t, std::uint64_t>::create("numbers", 4096));
    for (std::uint32_t i = 0; i < staying; i++)
        take(map.update(i, i));
    auto other = take(HashMap<std::uint32_t, std::uint64_t>::open_id(map.map().info().id));
    const std::jthread writer([&other](const std::stop_token& stop) {
        for (std::uint32_t i = 0; !stop.stop_requested(); i = (i + 1) % 2000) {
            (void)other.update(10000 + i, 1);
            (void)other.erase(10000 + (i + 1000) % 2000);
        }
    });
    for (int round = 0; round < 200; round++) {
        std::set<std::uint32_t> seen;
        take(map.for_each([&](std::uint32_t key, std::uint64_t) {
            if (key < staying) {
                EXPECT_TRUE(seen.insert(key).second) << key;
            }
        }));
        ASSERT_EQ(seen.size(), staying) << round;
    }
}

TEST_F(HashMapTest, RefusesWhatDoesNotFit)
{
    auto map = take(HashMap<FlowKey, FlowStats>::create("flows", 2));
    const auto by_id = [&]<class M>(std::type_identity<M>) { return M::open_id(map.map().info().id); };
    const auto kind = by_id(std::type_identity<LruHashMap<FlowKey, FlowStats>>{});
    ASSERT_FALSE(kind);
    EXPECT_THAT(kind.error().message(), HasSubstr("it is of type hash, not lru_hash"));
    const auto key = by_id(std::type_identity<HashMap<std::uint32_t, FlowStats>>{});
    ASSERT_FALSE(key);
    EXPECT_THAT(key.error().message(), HasSubstr("its keys are 12 bytes, not 4"));
    const auto value = by_id(std::type_identity<HashMap<FlowKey, std::uint64_t>>{});
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().kind(), ErrorKind::incompatible);
    const auto gone = HashMap<FlowKey, FlowStats>::open_id(0x7fffffff);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().kind(), ErrorKind::not_found);
    const auto long_name = HashMap<FlowKey, FlowStats>::create("a_name_of_16_let", 2);
    ASSERT_FALSE(long_name);
    EXPECT_EQ(long_name.error().kind(), ErrorKind::invalid);
}

TEST_F(HashMapTest, NamesThatAreNotThereOrTwice)
{
    const auto none = Map::open_name("xs_no_such_map");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind(), ErrorKind::not_found);
    const auto first = take(HashMap<FlowKey, FlowStats>::create("xs_twice", 2));
    const auto second = take(HashMap<FlowKey, FlowStats>::create("xs_twice", 2));
    const auto two = Map::open_name("xs_twice");
    ASSERT_FALSE(two);
    EXPECT_THAT(two.error().message(), HasSubstr("id " + std::to_string(first.map().info().id) + ", " +
                                                 std::to_string(second.map().info().id)));
}

/// Entry by entry, a walk whose entries are erased under it goes on from the start, and ends all the same.
TEST_F(HashMapTest, EndsAWalkInWhichOthersErase)
{
    using Walked = KeyedMap<std::uint32_t, std::uint64_t, WithoutBatches>;
    auto map = take(Walked::create("numbers", 4096));
    for (std::uint32_t i = 0; i < 1000; i++)
        take(map.update(i, i));
    std::set<std::uint32_t> staying;
    take(map.for_each([&](std::uint32_t key, std::uint64_t) {
        if (key % 2 == 0)
            staying.insert(key);
        else
            take(map.erase(key));
    }));
    EXPECT_EQ(staying.size(), 500U);
}

TEST_F(HashMapTest, EvictsWhatWasNotUsed)
{
    auto map = take(LruHashMap<std::uint32_t, std::uint64_t>::create("numbers", 100));
    for (std::uint32_t i = 0; i < 1000; i++)
        take(map.update(i, i));
    EXPECT_FALSE(take(map.lookup(0)));
    EXPECT_TRUE(take(map.lookup(999)));
}

TEST_F(HashMapTest, PerCpuNumbersHaveSumMaximumAndMinimum)
{
    const std::vector<std::uint32_t> values{3, 9, 1};
    const PerCpu<std::uint32_t> cpus(values);
    EXPECT_EQ(cpus.sum(), 13U);
    EXPECT_EQ(cpus.max(), 9U);
    EXPECT_EQ(cpus.min(), 1U);
    EXPECT_EQ(std::accumulate(cpus.begin(), cpus.end(), 0U), 13U);
}

struct Network {
    std::uint32_t bits;
    std::uint8_t address[4];
};

} // namespace
} // namespace bpfxx::test

BPFXX_DESCRIBE(bpfxx::test::Network, bits, address);

namespace bpfxx::test {
namespace {

class LpmTrieTest : public MapTest {};

TEST_F(LpmTrieTest, FindsTheLongestPrefix)
{
    auto map = take(LpmTrie<Network, std::uint32_t>::create("networks", 16));
    take(map.update({8, {10, 0, 0, 0}}, 8));
    take(map.update({16, {10, 1, 0, 0}}, 16));
    EXPECT_EQ(*take(map.lookup({32, {10, 1, 2, 3}})), 16U);
    EXPECT_EQ(*take(map.lookup({32, {10, 2, 2, 3}})), 8U);
    EXPECT_FALSE(take(map.lookup({32, {11, 0, 0, 1}})));
    std::set<std::uint32_t> seen;
    take(map.for_each([&](const Network& network, std::uint32_t value) {
        EXPECT_EQ(network.bits, value);
        seen.insert(value);
    }));
    EXPECT_THAT(seen, ::testing::ElementsAre(8, 16));
    EXPECT_TRUE(take(map.erase({16, {10, 1, 0, 0}})));
    EXPECT_EQ(*take(map.lookup({32, {10, 1, 2, 3}})), 8U);
}

} // namespace
} // namespace bpfxx::test
