// SPDX-License-Identifier: BSD-2-Clause
// Frames in fragments: what lies in the linear part must not matter.
#include <algorithm>

#include <gtest/gtest.h>

#include "counter_test.hpp"
#include "samples.hpp"

namespace xdpstat::test {
namespace {

class MultiBufferTest : public CounterTest {};
XDPSTAT_INSTANTIATE_MULTI_BUFFER(MultiBufferTest);

TEST_P(MultiBufferTest, EachKindOfFrameWithTheLinearPartCutAtEveryByte)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const std::size_t headers = sample.headers.bytes().size();
        const Bytes frame = sample.frame();
        for (std::size_t linear = 14; linear <= headers; ++linear)
            ASSERT_TRUE(counts_right(frame, {.linear = linear}));
    }
}

TEST_P(MultiBufferTest, EveryCutOfEachKindOfFrameWithFourteenLinearBytes)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const Bytes frame = sample.frame();
        for (std::size_t size = 14; size <= frame.size(); ++size)
            ASSERT_TRUE(counts_right(cut(frame, size), {.linear = 14}));
    }
}

TEST_P(MultiBufferTest, EveryCutWithEveryLinearPart)
{
    const Frame frames[] = {
        eth() / ipv4() / tcp(),
        eth() / vlan(5) / vlan(6, tpid_service) / ipv6() / udp(),
        eth() / ipv6() / hop_by_hop(2) / ah() / fragment(0) / icmpv6(),
        eth() / ipv6() / routing() / fragment(9, true, 17),
    };
    for (const Frame& made : frames) {
        const Bytes frame = made.bytes();
        for (std::size_t size = 14; size <= frame.size(); ++size) {
            for (std::size_t linear = 14; linear <= size; ++linear)
                ASSERT_TRUE(counts_right(cut(frame, size), {.linear = linear}));
        }
    }
}

TEST_P(MultiBufferTest, JumboFrames)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const std::size_t headers = sample.headers.bytes().size();
        for (const std::size_t length : {9000U, 60000U}) {
            const Bytes frame = sample.frame(length - headers);
            for (std::size_t linear = 14; linear <= std::min<std::size_t>(headers, 80); ++linear)
                ASSERT_TRUE(counts_right(frame, {.linear = linear}));
            ASSERT_TRUE(counts_right(frame)); // as much linear as the kernel can
        }
    }
}

// Extension headers so long that they span several fragments of a page each.
TEST_P(MultiBufferTest, AChainLongerThanAPage)
{
    const Frame chain =
        eth() / ipv6() / destination(255) / routing(255) / destination(255) / hop_by_hop(255) / tcp();
    const Bytes frame = (chain / payload(3000)).bytes();
    EXPECT_EQ(letter_of(classify(frame).verdict), 't');
    for (const std::size_t linear : {14U, 15U, 54U, 55U, 56U, 61U, 62U, 2102U, 2103U})
        EXPECT_TRUE(counts_right(frame, {.linear = linear}));
    for (std::size_t size = chain.bytes().size() - 30; size <= chain.bytes().size(); ++size)
        ASSERT_TRUE(counts_right(cut(frame, size), {.linear = 14}));
}

// A header that lies half in one fragment and half in the next: fragments are a page each.
TEST_P(MultiBufferTest, AHeaderAcrossTheEdgeOfAFragment)
{
    constexpr std::size_t page = 4096;
    for (std::size_t linear = 14; linear < 14 + 64; ++linear) {
        // Tags up to the edge between the first and second fragment, then a chain that straddles it.
        Frame frame = eth();
        for (std::size_t tag = 0; tag < (page - 64) / 4; ++tag)
            frame /= vlan(1);
        const Bytes bytes = (frame / ipv6() / hop_by_hop(1) / fragment(3, true, 17) / payload(200)).bytes();
        ASSERT_TRUE(counts_right(bytes, {.linear = linear}));
    }
}

} // namespace
} // namespace xdpstat::test
