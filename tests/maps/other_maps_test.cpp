// SPDX-License-Identifier: BSD-2-Clause
#include <cerrno>
#include <optional>
#include <stdexcept>

#include "bpfxx/array_map.hpp"
#include "bpfxx/keyed_map.hpp"
#include "bpfxx/map_of_maps.hpp"
#include "bpfxx/queue_map.hpp"
#include "bpfxx/ring_buffer.hpp"
#include "map_test.hpp"

namespace bpfxx::test {
namespace {

using ::testing::HasSubstr;

class QueueTest : public MapTest {};

TEST_F(QueueTest, GivesTheOldestFirst)
{
    auto queue = take(Queue<FlowStats>::create("waiting", 3));
    EXPECT_FALSE(take(queue.pop()));
    EXPECT_FALSE(take(queue.peek()));
    for (std::uint64_t i = 1; i <= 3; i++)
        take(queue.push({i, 10 * i}));
    EXPECT_EQ(take(queue.peek())->packets, 1U);
    EXPECT_EQ(take(queue.pop())->packets, 1U);
    EXPECT_EQ(take(queue.pop())->bytes, 20U);
    EXPECT_EQ(take(queue.pop())->packets, 3U);
    EXPECT_FALSE(take(queue.pop()));
}

TEST_F(QueueTest, GivesTheNewestFirstFromAStack)
{
    auto stack = take(Stack<std::uint32_t>::create("waiting", 3));
    take(stack.push(1));
    take(stack.push(2));
    EXPECT_EQ(take(stack.pop()), 2U);
    EXPECT_EQ(take(stack.pop()), 1U);
}

TEST_F(QueueTest, RefusesOrDropsWhereItIsFull)
{
    auto queue = take(Queue<std::uint32_t>::create("waiting", 2));
    take(queue.push(1));
    take(queue.push(2));
    const auto full = queue.push(3);
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().message(), HasSubstr("it is full"));
    take(queue.push(3, WhenFull::drop_oldest));
    EXPECT_EQ(take(queue.pop()), 2U);
    EXPECT_EQ(take(queue.pop()), 3U);
}

TEST_F(QueueTest, RefusesOtherMaps)
{
    const auto queue = take(Queue<std::uint32_t>::create("waiting", 2));
    const auto kind = Stack<std::uint32_t>::open(take(Map::duplicate(queue.map().fd())));
    ASSERT_FALSE(kind);
    EXPECT_THAT(kind.error().message(), HasSubstr("it is of type queue, not stack"));
    const auto size = Queue<FlowStats>::open(take(Map::duplicate(queue.map().fd())));
    ASSERT_FALSE(size);
    EXPECT_THAT(size.error().message(), HasSubstr("its values are 4 bytes, not 16"));
}

class MapOfMapsTest : public MapTest {};

TEST_F(MapOfMapsTest, HoldsMapsAndGivesThemBack)
{
    using Inner = HashMap<FlowKey, FlowStats>;
    auto one = take(Inner::create("inner", 8));
    auto two = take(Inner::create("inner", 8));
    take(two.update(flow(1), {2, 2}));
    auto outer = take(HashOfMaps<std::uint32_t>::create("outer", 4, one.map()));
    EXPECT_FALSE(take(outer.lookup(7)));
    take(outer.update(7, one.map()));
    EXPECT_EQ(take(outer.lookup(7))->info().id, one.map().info().id);
    take(outer.update(7, two.map()));
    auto found = take(Inner::open(std::move(*take(outer.lookup(7)))));
    EXPECT_EQ(take(found.lookup(flow(1)))->packets, 2U);
    EXPECT_TRUE(take(outer.erase(7)));
    EXPECT_FALSE(take(outer.erase(7)));

    auto array = take(ArrayOfMaps::create("outer", 4, one.map()));
    EXPECT_FALSE(take(array.lookup(0)));
    take(array.update(0, two.map()));
    EXPECT_EQ(take(array.lookup(0))->info().id, two.map().info().id);
}

TEST_F(MapOfMapsTest, RefusesAMapThatIsNotAlike)
{
    const auto inner = take(HashMap<FlowKey, FlowStats>::create("inner", 8));
    const auto other = take(HashMap<std::uint32_t, FlowStats>::create("other", 8));
    auto outer = take(ArrayOfMaps::create("outer", 4, inner.map()));
    const auto refused = outer.update(0, other.map());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("array_of_maps map 'outer'"));
    const auto beyond = outer.update(4, inner.map());
    ASSERT_FALSE(beyond);
    EXPECT_THAT(beyond.error().message(), HasSubstr(": it has no such entry; it holds 4 entries"));
}

class MapErrorTest : public MapTest {};

TEST_F(MapErrorTest, NamesWhatTheKernelCannotDo)
{
    const auto queue = take(Queue<std::uint32_t>::create("waiting", 2));
    std::uint32_t key = 0;
    const auto walked = queue.map().next_key({}, mutable_bytes_of(key));
    ASSERT_FALSE(walked);
    const auto array = take(create_map({.type = BPF_MAP_TYPE_ARRAY,
                                        .name = "array",
                                        .key = &shape<std::uint32_t>,
                                        .value = &shape<FlowStats>,
                                        .max_entries = 3}));
    const auto erased = array.erase(bytes_of(key));
    ASSERT_FALSE(erased);
    EXPECT_THAT(erased.error().message(), HasSubstr("cannot erase key 00 00 00 00 of array map 'array'"));
}

TEST_F(MapErrorTest, RefusesBuffersThatAreTooShort)
{
    auto map = take(HashMap<FlowKey, FlowStats>::create("flows", 2));
    std::uint32_t small = 0;
    FlowKey key = flow(1);
    FlowStats value{};
    EXPECT_FALSE(map.map().lookup(bytes_of(small), mutable_bytes_of(value)));
    EXPECT_FALSE(map.map().lookup(bytes_of(key), mutable_bytes_of(small)));
    EXPECT_FALSE(map.map().update(bytes_of(key), bytes_of(small)));
    EXPECT_FALSE(map.map().erase(bytes_of(small)));
    EXPECT_FALSE(map.map().next_key(bytes_of(small), mutable_bytes_of(key)));
    EXPECT_FALSE(map.map().lookup_batch(mutable_bytes_of(small), true, mutable_bytes_of(key),
                                        mutable_bytes_of(value), 2));
}

TEST_F(MapErrorTest, AnArrayHasNoEntryBeyondItsLast)
{
    auto raw = take(create_map({.type = BPF_MAP_TYPE_ARRAY,
                                .name = "array",
                                .key = &shape<std::uint32_t>,
                                .value = &shape<FlowStats>,
                                .max_entries = 3}));
    auto array = take(ArrayMap<FlowStats>::open(std::move(raw)));
    take(array.update(2, {1, 2}));
    EXPECT_EQ(take(array.lookup(2)), (FlowStats{1, 2}));
    const auto beyond = array.lookup(3);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().kind(), ErrorKind::not_found);
    const auto written = array.update(3, {1, 2});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().error_number(), E2BIG);
    EXPECT_THAT(written.error().message(), HasSubstr(": it has no such entry; it holds 3 entries"));
}

class RingBufferTest : public MapTest {};

TEST_F(RingBufferTest, RefusesOtherMaps)
{
    const auto queue = take(Queue<std::uint32_t>::create("waiting", 2));
    const auto refused = RingBuffer::open(take(Map::duplicate(queue.map().fd())), [](Bytes) {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("it is of type queue, not ringbuf"));
}

TEST_F(RingBufferTest, WaitsAndEndsWithoutRecords)
{
    auto map = take(create_map({.type = BPF_MAP_TYPE_RINGBUF, .name = "records", .max_entries = 4096}));
    auto ring = take(RingBuffer::open(std::move(map), [](Bytes) { ADD_FAILURE(); }));
    EXPECT_EQ(take(ring.poll(std::chrono::milliseconds(1))), 0U);
    RingBuffer moved = std::move(ring);
    EXPECT_EQ(take(moved.consume()), 0U);
    EXPECT_GE(moved.poll_fd(), 0);
}

TEST_F(RingBufferTest, TypedReceiversTakeWholeRecordsOnly)
{
    std::optional<std::uint32_t> got;
    std::size_t odd = 0;
    const auto receive = receive_as<std::uint32_t>([&](const std::uint32_t& value) { got = value; },
                                                   [&](Bytes record) { odd = record.size(); });
    const std::uint32_t sent = 42;
    receive(bytes_of(sent));
    EXPECT_EQ(got, 42U);
    receive(bytes_of(sent).first(3));
    EXPECT_EQ(odd, 3U);
}

} // namespace
} // namespace bpfxx::test
