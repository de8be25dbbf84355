// SPDX-License-Identifier: BSD-2-Clause
// Any number of VLAN tags of any kind, and frames that end inside one.
#include <array>

#include <gtest/gtest.h>

#include "counter_test.hpp"

namespace xdpstat::test {
namespace {

constexpr std::array<std::uint16_t, 3> tpids{tpid_customer, tpid_service, tpid_old_double};

/// A frame with this many tags, their kinds taken from `choice` read as a number to base three.
Frame tagged(std::size_t tags, std::size_t choice, const Frame& inside)
{
    Frame frame = eth();
    for (std::size_t tag = 0; tag < tags; ++tag, choice /= tpids.size())
        frame /= vlan(static_cast<unsigned>(tag) + 1, tpids[choice % tpids.size()]);
    return frame / inside;
}

/// Many tags at once; their kinds alternate.
Bytes many_tags(std::size_t tags, const Frame& inside)
{
    Bytes control_and_type;
    for (std::size_t tag = 1; tag < tags; ++tag) {
        const std::uint16_t next = tpids[tag % tpids.size()];
        const std::array<std::uint8_t, 4> bytes{0, 1, static_cast<std::uint8_t>(next >> 8),
                                                static_cast<std::uint8_t>(next)};
        control_and_type.insert(control_and_type.end(), bytes.begin(), bytes.end());
    }
    // The innermost tag is a layer of its own, so that it names what is inside.
    return (eth(tpids[0]) / raw(control_and_type) / vlan(1) / inside).bytes();
}

class VlanTest : public CounterTest {};
XDPSTAT_INSTANTIATE(VlanTest);

TEST_P(VlanTest, EveryMixOfUpToEightTags)
{
    const std::array insides{ipv4() / tcp(), ipv6() / udp(), ipv6() / hop_by_hop() / icmpv6(), Frame(arp())};
    for (std::size_t tags = 0, choices = 1; tags <= 8; ++tags, choices *= tpids.size()) {
        for (std::size_t choice = 0; choice < choices; ++choice) {
            SCOPED_TRACE(std::to_string(tags) + " tags, mix " + std::to_string(choice));
            const Frame& inside = insides[choice % insides.size()];
            const Bytes frame = tagged(tags, choice, inside).bytes();
            const Bytes untagged = (eth() / inside).bytes();
            Expected expected = classify(untagged);
            expected.verdict.size = frame.size() <= 64 ? TRAFFIC_SIZE_TO_64 : TRAFFIC_SIZE_TO_127;
            ASSERT_TRUE(counts_as(expected, frame));
        }
    }
}

TEST_P(VlanTest, EveryCutOfTaggedFrames)
{
    for (std::size_t tags = 1; tags <= 8; ++tags) {
        for (const Frame& inside : {ipv4() / tcp(), ipv6() / destination(1) / udp()}) {
            SCOPED_TRACE(std::to_string(tags) + " tags");
            const Bytes frame = tagged(tags, tags * 7, inside).bytes();
            for (std::size_t size = 14; size <= frame.size(); ++size)
                ASSERT_TRUE(counts_right(cut(frame, size)));
        }
    }
}

TEST_P(VlanTest, AFrameThatEndsInsideATag)
{
    for (const std::uint16_t tpid : tpids) {
        const Bytes one = (eth() / vlan(5, tpid) / ipv4() / tcp()).bytes();
        const Bytes two = (eth() / vlan(5) / vlan(6, tpid) / ipv4() / tcp()).bytes();
        const Expected cut_short{{TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED, TRAFFIC_SIZE_TO_64},
                                 {}};
        for (std::size_t missing = 1; missing <= 4; ++missing) {
            EXPECT_TRUE(counts_as(cut_short, cut(one, 18 - missing)));
            EXPECT_TRUE(counts_as(cut_short, cut(two, 22 - missing)));
        }
    }
}

// Kernels without multi-buffer frames skip a few tags only: every offset must be proved there.
class LongVlanTest : public CounterTest {};
XDPSTAT_INSTANTIATE_MULTI_BUFFER(LongVlanTest);

TEST_P(LongVlanTest, AHundredTagsAndMore)
{
    for (const std::size_t tags : {100U, 300U, 700U}) {
        SCOPED_TRACE(tags);
        const Bytes frame = many_tags(tags, ipv6() / hop_by_hop() / tcp());
        ASSERT_LE(frame.size(), longest_linear);
        EXPECT_EQ(letter_of(classify(frame).verdict), 't');
        EXPECT_TRUE(counts_right(frame));
        for (std::size_t missing = 1; missing <= 80; ++missing)
            ASSERT_TRUE(counts_right(cut(frame, frame.size() - missing)));
    }
}

TEST_P(LongVlanTest, AsManyTagsAsAFrameHolds)
{
    for (const std::size_t tags : {100U, 300U, 2000U, 2240U}) { // the last fills a frame of 9000 bytes
        SCOPED_TRACE(tags);
        const Bytes frame = many_tags(tags, ipv4() / udp() / payload(20));
        EXPECT_EQ(letter_of(classify(frame).verdict), 'U');
        for (const std::size_t linear :
             {std::size_t{14}, std::size_t{15}, std::size_t{16}, std::size_t{17}, frame.size() / 2})
            EXPECT_TRUE(counts_right(frame, {.linear = linear}));
        for (std::size_t missing = 1; missing <= 60; ++missing)
            ASSERT_TRUE(counts_right(cut(frame, frame.size() - missing), {.linear = 14}));
    }
}

// More than a jumbo frame holds: whether the program finds the end or gives up, it counts the frame once.
TEST_P(LongVlanTest, MoreTagsThanAJumboFrameHolds)
{
    for (const std::size_t tags : {2500U, 10'000U}) {
        SCOPED_TRACE(tags);
        const Bytes frame = many_tags(tags, ipv4() / udp() / payload(20));
        const Verdict found{TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_UDP, TRAFFIC_SIZE_LARGER};
        const Verdict given_up{TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_OTHER, TRAFFIC_SIZE_LARGER};
        EXPECT_TRUE(counts_as({found, given_up}, frame));
    }
}

} // namespace
} // namespace xdpstat::test
