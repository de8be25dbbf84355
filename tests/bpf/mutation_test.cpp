// SPDX-License-Identifier: BSD-2-Clause
// Valid frames damaged at random, against the reference model.
#include <algorithm>

#include <gtest/gtest.h>

#include "counter_test.hpp"
#include "mutator.hpp"

namespace xdpstat::test {
namespace {

constexpr std::size_t mutations = 20'000;
class MutationTest : public CounterTest {};
XDPSTAT_INSTANTIATE(MutationTest);

TEST_P(MutationTest, DamagedFrames)
{
    Mutator mutator(20261123);
    for (std::size_t number = 0; number < mutations; ++number) {
        SCOPED_TRACE("mutation " + std::to_string(number));
        ASSERT_TRUE(counts_right(mutator.next()));
    }
}

class MultiBufferMutationTest : public CounterTest {};
XDPSTAT_INSTANTIATE_MULTI_BUFFER(MultiBufferMutationTest);

TEST_P(MultiBufferMutationTest, DamagedFramesInFragments)
{
    Mutator mutator(1518);
    for (std::size_t number = 0; number < mutations; ++number) {
        SCOPED_TRACE("mutation " + std::to_string(number));
        const Bytes frame = mutator.next();
        const std::size_t linear =
            shortest_frame + mutator.below(std::min<std::size_t>(frame.size() - shortest_frame + 1, 100));
        ASSERT_TRUE(counts_right(frame, {.linear = linear}));
    }
}

} // namespace
} // namespace xdpstat::test
