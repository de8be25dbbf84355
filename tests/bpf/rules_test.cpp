// SPDX-License-Identifier: BSD-2-Clause
// Each classification rule by example, and every frame cut short at every byte.
#include <gtest/gtest.h>

#include "counter_test.hpp"
#include "samples.hpp"

namespace xdpstat::test {
namespace {

class RulesTest : public CounterTest {};
XDPSTAT_INSTANTIATE(RulesTest);

TEST_P(RulesTest, EachKindOfFrame)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const Bytes frame = sample.frame();
        const Expected expected{{sample.network, sample.transport, classify(frame).verdict.size}, {}};
        EXPECT_TRUE(counts_as(expected, frame));
        EXPECT_EQ(classify(frame).verdict, expected.verdict) << "the reference model is wrong";
    }
}

TEST_P(RulesTest, EveryProtocolNumberOverBothVersions)
{
    for (unsigned number = 0; number < 256; ++number) {
        const auto protocol = static_cast<std::uint8_t>(number);
        SCOPED_TRACE(number);
        ASSERT_TRUE(counts_right((eth() / ipv4({.protocol = protocol}) / payload(300)).bytes()));
        ASSERT_TRUE(counts_right(
            (eth() / ipv4({.protocol = protocol, .fragment_offset = 3}) / payload(300)).bytes()));
        ASSERT_TRUE(counts_right((eth() / ipv6({.next_header = protocol}) / payload(3000)).bytes()));
        ASSERT_TRUE(counts_right((eth() / ipv6() / destination(0, protocol) / payload(3000)).bytes()));
        ASSERT_TRUE(counts_right((eth() / ipv6() / fragment(3, true, protocol) / payload(300)).bytes()));
    }
}

TEST_P(RulesTest, EveryEthertype)
{
    // What follows would be TCP over IPv4 behind a tag, and nothing sensible behind anything else.
    for (unsigned ethertype = 0; ethertype < 0x10000; ++ethertype) {
        const Frame frame =
            eth(static_cast<std::uint16_t>(ethertype)) / raw({0, 5, 8, 0}) / ipv4() / tcp() / payload(60);
        ASSERT_TRUE(counts_right(frame.bytes()));
    }
}

TEST_P(RulesTest, EveryCutOfEachKindOfFrame)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const Bytes frame = sample.frame();
        for (std::size_t size = 14; size <= frame.size(); ++size)
            ASSERT_TRUE(counts_right(cut(frame, size)));
    }
}

// The cuts that matter, spelled out, so that they do not rest on the reference model alone.
TEST_P(RulesTest, CutsAtTheEdgeOfEachHeader)
{
    struct Case {
        const char* what;
        Frame frame;
        std::size_t size;
        traffic_network network;
        traffic_transport transport;
    };
    const auto v4 = eth() / ipv4() / tcp();
    const auto v6 = eth() / ipv6() / tcp();
    const auto chain = eth() / ipv6() / hop_by_hop(1) / udp();
    const auto fragments = eth() / ipv6() / fragment(9, true, 17) / payload(8);
    const auto tagged = eth() / vlan(5) / ipv4() / tcp();
    const auto authenticated = eth() / ipv6() / ah(4) / tcp();
    const Case cases[] = {
        {"no IPv4 header", v4, 14, TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_TRUNCATED},
        {"IPv4 header but for a byte", v4, 33, TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_TRUNCATED},
        {"IPv4 header and no more", v4, 34, TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_TCP},
        {"no IPv6 header", v6, 14, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"IPv6 header but for a byte", v6, 53, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"IPv6 header and no more", v6, 54, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TCP},
        {"extension header missing", chain, 54, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"extension header's first byte", chain, 55, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"extension header's first eight bytes", chain, 62, TRAFFIC_NETWORK_IPV6,
         TRAFFIC_TRANSPORT_TRUNCATED},
        {"extension header but for a byte", chain, 69, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"extension header and no more", chain, 70, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_UDP},
        {"AH but for a byte", authenticated, 77, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"AH and no more", authenticated, 78, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TCP},
        {"fragment header but for a byte", fragments, 61, TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED},
        {"fragment header and no more", fragments, 62, TRAFFIC_NETWORK_IPV6_FRAGMENT, TRAFFIC_TRANSPORT_UDP},
        {"tag missing", tagged, 14, TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED},
        {"tag but for a byte", tagged, 17, TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED},
        {"tag and no more", tagged, 18, TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_TRUNCATED},
        {"ARP without its body", eth() / arp(), 14, TRAFFIC_NETWORK_ARP, TRAFFIC_TRANSPORT_OTHER},
    };
    for (const Case& test : cases) {
        SCOPED_TRACE(test.what);
        const Bytes frame = test.frame.bytes();
        const auto size = test.size <= 64 ? TRAFFIC_SIZE_TO_64 : TRAFFIC_SIZE_TO_127;
        EXPECT_TRUE(counts_as({{test.network, test.transport, size}, {}}, cut(frame, test.size)));
    }
}

} // namespace
} // namespace xdpstat::test
