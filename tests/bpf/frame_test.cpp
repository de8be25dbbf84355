// SPDX-License-Identifier: BSD-2-Clause
// The packet builder itself: what it fills in, byte for byte.
#include <gtest/gtest.h>

#include "frame.hpp"

namespace xdpstat::test {
namespace {

unsigned at16(const Bytes& bytes, std::size_t offset)
{
    return static_cast<unsigned>(bytes.at(offset) << 8 | bytes.at(offset + 1));
}

TEST(FrameTest, NamesAndLengthsAreFilledIn)
{
    const Bytes frame = (eth() / vlan(5) / ipv6() / hop_by_hop(3) / tcp() / payload(10)).bytes();
    ASSERT_EQ(frame.size(), 14U + 4 + 40 + 32 + 20 + 10);
    EXPECT_EQ(at16(frame, 12), 0x8100U);
    EXPECT_EQ(at16(frame, 14), 5U);
    EXPECT_EQ(at16(frame, 16), 0x86ddU);
    EXPECT_EQ(frame[18], 0x60);
    EXPECT_EQ(at16(frame, 22), 32U + 20 + 10);
    EXPECT_EQ(frame[24], 0); // hop-by-hop follows
    EXPECT_EQ(frame[58], 6); // TCP follows
    EXPECT_EQ(frame[59], 3);
    EXPECT_EQ(frame.back(), 9);
}

// RFC 1071: the sum over a header with its right checksum is all ones.
TEST(FrameTest, Ipv4HeaderIsWhole)
{
    const Bytes frame =
        (eth() / ipv4({.options = 8, .fragment_offset = 185, .more_fragments = true}) / udp() / payload(5))
            .bytes();
    EXPECT_EQ(at16(frame, 12), 0x0800U);
    EXPECT_EQ(frame[14], 0x47);
    EXPECT_EQ(at16(frame, 16), 28U + 8 + 5);
    EXPECT_EQ(at16(frame, 20), 0x2000U | 185U);
    EXPECT_EQ(frame[23], 17);
    unsigned sum = 0;
    for (std::size_t offset = 14; offset < 14 + 28; offset += 2)
        sum += at16(frame, offset);
    EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffU);
    EXPECT_EQ(at16(frame, 14 + 28 + 4), 8U + 5); // UDP length
}

TEST(FrameTest, WhatWasAskedForStays)
{
    const Ipv4 fields{.protocol = 99, .version = 7, .ihl = 2, .total_length = 3, .checksum = 0xbeef};
    const Bytes frame = (eth(0x1234) / ipv4(fields) / tcp()).bytes();
    EXPECT_EQ(at16(frame, 12), 0x1234U);
    EXPECT_EQ(frame[14], 0x72);
    EXPECT_EQ(at16(frame, 16), 3U);
    EXPECT_EQ(frame[23], 99);
    EXPECT_EQ(at16(frame, 24), 0xbeefU);

    const Bytes six =
        (eth() / ipv6({.next_header = 98, .version = 4, .payload_length = 1}) / destination(0, 97) / tcp())
            .bytes();
    EXPECT_EQ(six[14], 0x40);
    EXPECT_EQ(at16(six, 18), 1U);
    EXPECT_EQ(six[20], 98);
    EXPECT_EQ(six[54], 97);
}

TEST(FrameTest, ExtensionHeadersHaveTheLengthTheySay)
{
    EXPECT_EQ(hop_by_hop(0).header.size(), 8U);
    EXPECT_EQ(routing(2).header.size(), 24U);
    EXPECT_EQ(destination(255).header.size(), 2048U);
    EXPECT_EQ(ah(0).header.size(), 8U);
    EXPECT_EQ(ah(4).header.size(), 24U);
    EXPECT_EQ(ah(255).header.size(), 1028U);
    EXPECT_EQ(fragment(9).header.size(), 8U);
    EXPECT_EQ(at16((eth() / ipv6() / fragment(9, true) / tcp()).bytes(), 56), 9U << 3 | 1);
    EXPECT_TRUE(no_next().header.empty());
}

TEST(FrameTest, LengthFramedAndOtherLinkLayers)
{
    EXPECT_EQ(at16((eth() / llc() / payload(40)).bytes(), 12), 43U);
    EXPECT_EQ(at16((eth() / vlan(1) / llc() / payload(40)).bytes(), 16), 43U);
    EXPECT_EQ(at16((eth() / mpls(100) / ipv4() / tcp()).bytes(), 12), 0x8847U);
    const Bytes session = (eth() / pppoe_session() / ipv4() / tcp()).bytes();
    EXPECT_EQ(at16(session, 12), 0x8864U);
    EXPECT_EQ(at16(session, 18), 2U + 20 + 20);
    EXPECT_EQ(at16((eth() / ipv4() / gre() / ipv6() / tcp()).bytes(), 36), 0x86ddU);
}

} // namespace
} // namespace xdpstat::test
