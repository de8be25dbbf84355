// SPDX-License-Identifier: BSD-2-Clause
#include "view/names.hpp"

#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace xdpstat {

namespace {

template <class Enum>
void expect_distinct_keys(std::size_t count)
{
    std::set<std::string> keys;
    for (std::size_t i = 0; i < count; i++) {
        const std::string key(name_of(static_cast<Enum>(i)).key);
        EXPECT_TRUE(std::regex_match(key, std::regex("[a-z0-9_]+"))) << key;
        EXPECT_TRUE(keys.insert(key).second) << key << " stands twice";
    }
}

TEST(Names, KeysAreDistinctAndFitEveryFormat)
{
    expect_distinct_keys<traffic_class>(TRAFFIC_CLASS_COUNT);
    expect_distinct_keys<traffic_network>(TRAFFIC_NETWORK_COUNT);
    expect_distinct_keys<traffic_transport>(TRAFFIC_TRANSPORT_COUNT);
    expect_distinct_keys<traffic_size>(TRAFFIC_SIZE_COUNT);
}

TEST(Names, SizesCoverEveryLengthOnce)
{
    const char* keys[] = {"0_64",     "65_127",    "128_255",   "256_511",
                          "512_1023", "1024_1518", "1519_9018", "9019_more"};
    const char* labels[] = {"up to 64", "65-127",    "128-255",   "256-511",
                            "512-1023", "1024-1518", "1519-9018", "over 9018"};
    static_assert(std::size(keys) == TRAFFIC_SIZE_COUNT);
    for (std::size_t i = 0; i < TRAFFIC_SIZE_COUNT; i++) {
        EXPECT_EQ(name_of(static_cast<traffic_size>(i)).key, keys[i]);
        EXPECT_EQ(name_of(static_cast<traffic_size>(i)).label, labels[i]);
    }
}

TEST(Names, EachHeadlineCounterIsItsOwnField)
{
    pkt_stats stats{};
    __u64 number = 0;
    for (const HeadlineCounter& counter : headline_counters)
        stats.*counter.field = ++number;
    EXPECT_EQ(stats.total_packets, 1U);
    EXPECT_EQ(stats.total_bytes, 2U);
    EXPECT_EQ(stats.icmp_packets, 3U);
    EXPECT_EQ(stats.tcp_packets, 4U);
    EXPECT_EQ(stats.udp_packets, 5U);
    EXPECT_EQ(stats.other_packets, 6U);
    EXPECT_EQ(stats.ipv4_packets, 7U);
    EXPECT_EQ(stats.ipv6_packets, 8U);
    EXPECT_EQ(headline_counters.back().key, "ipv6_packets");
}

} // namespace

} // namespace xdpstat
