// SPDX-License-Identifier: BSD-2-Clause
// Size buckets: at each bound, one byte below and one above.
#include <functional>

#include <gtest/gtest.h>

#include "counter_test.hpp"

namespace xdpstat::test {
namespace {

struct Case {
    std::size_t length;
    traffic_size size;
};

void check_sizes(std::span<const Case> cases,
                 const std::function<::testing::AssertionResult(const Expected&, const Bytes&)>& counts)
{
    const Bytes longest = (eth() / ipv4() / udp() / payload(cases.back().length)).bytes();
    for (const auto& [length, size] : cases) {
        SCOPED_TRACE(length);
        const Bytes frame(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(length));
        const Verdict verdict{TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_UDP, size};
        EXPECT_EQ(classify(frame).verdict, verdict) << "the reference model is wrong";
        EXPECT_TRUE(counts({verdict, {}}, frame));
    }
}

class SizeTest : public CounterTest {};
XDPSTAT_INSTANTIATE(SizeTest);

TEST_P(SizeTest, EachBound)
{
    static constexpr Case cases[] = {
        {34, TRAFFIC_SIZE_TO_64},     {60, TRAFFIC_SIZE_TO_64},     {63, TRAFFIC_SIZE_TO_64},
        {64, TRAFFIC_SIZE_TO_64},     {65, TRAFFIC_SIZE_TO_127},    {126, TRAFFIC_SIZE_TO_127},
        {127, TRAFFIC_SIZE_TO_127},   {128, TRAFFIC_SIZE_TO_255},   {254, TRAFFIC_SIZE_TO_255},
        {255, TRAFFIC_SIZE_TO_255},   {256, TRAFFIC_SIZE_TO_511},   {510, TRAFFIC_SIZE_TO_511},
        {511, TRAFFIC_SIZE_TO_511},   {512, TRAFFIC_SIZE_TO_1023},  {1022, TRAFFIC_SIZE_TO_1023},
        {1023, TRAFFIC_SIZE_TO_1023}, {1024, TRAFFIC_SIZE_TO_1518}, {1514, TRAFFIC_SIZE_TO_1518},
        {1517, TRAFFIC_SIZE_TO_1518}, {1518, TRAFFIC_SIZE_TO_1518}, {1519, TRAFFIC_SIZE_TO_9018},
        {3000, TRAFFIC_SIZE_TO_9018},
    };
    check_sizes(cases,
                [&](const Expected& expected, const Bytes& frame) { return counts_as(expected, frame); });
}

TEST_P(SizeTest, EveryLengthOfAnEthernetFrame)
{
    const Bytes longest = (eth() / ipv6() / destination() / tcp() / payload(1600)).bytes();
    for (std::size_t length = 14; length <= 1600; ++length)
        ASSERT_TRUE(counts_right(cut(longest, length)));
}

class JumboSizeTest : public CounterTest {};
XDPSTAT_INSTANTIATE_MULTI_BUFFER(JumboSizeTest);

TEST_P(JumboSizeTest, EachBoundInFragments)
{
    static constexpr Case cases[] = {
        {64, TRAFFIC_SIZE_TO_64},     {65, TRAFFIC_SIZE_TO_127},    {1518, TRAFFIC_SIZE_TO_1518},
        {1519, TRAFFIC_SIZE_TO_9018}, {9000, TRAFFIC_SIZE_TO_9018}, {9017, TRAFFIC_SIZE_TO_9018},
        {9018, TRAFFIC_SIZE_TO_9018}, {9019, TRAFFIC_SIZE_LARGER},  {60000, TRAFFIC_SIZE_LARGER},
        {65535, TRAFFIC_SIZE_LARGER},
    };
    for (const std::size_t linear : {14U, 42U, 60U}) {
        SCOPED_TRACE(linear);
        check_sizes(cases, [&](const Expected& expected, const Bytes& frame) {
            return counts_as(expected, frame, {.linear = linear});
        });
    }
}

} // namespace
} // namespace xdpstat::test
