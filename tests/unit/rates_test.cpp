// SPDX-License-Identifier: BSD-2-Clause
#include "counter/rates.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "view_samples.hpp"

namespace xdpstat {

namespace {

using namespace std::chrono_literals;

Snapshot at(std::chrono::nanoseconds steady, const pkt_stats& stats)
{
    Snapshot snapshot;
    snapshot.taken = std::chrono::steady_clock::time_point(steady);
    snapshot.wall_clock = samples::moment();
    snapshot.stats = stats;
    return snapshot;
}

constexpr pkt_stats some{10, 1000, 1, 2, 3, 4, 5, 4};
constexpr pkt_stats more{40, 5000, 11, 12, 8, 9, 25, 14};

TEST(Rates, AreDifferencesOverTime)
{
    const Rates result = rates(at(1s, some), at(3s, more));
    EXPECT_DOUBLE_EQ(result.seconds, 2);
    EXPECT_FALSE(result.new_instance);
    EXPECT_EQ(result.stats.total_packets, 30U);
    EXPECT_EQ(result.stats.total_bytes, 4000U);
    EXPECT_EQ(result.stats.icmp_packets, 10U);
    EXPECT_EQ(result.stats.tcp_packets, 10U);
    EXPECT_EQ(result.stats.udp_packets, 5U);
    EXPECT_EQ(result.stats.other_packets, 5U);
    EXPECT_EQ(result.stats.ipv4_packets, 20U);
    EXPECT_EQ(result.stats.ipv6_packets, 10U);
    EXPECT_DOUBLE_EQ(result.per_second(result.stats.total_packets), 15);
}

TEST(Rates, NothingArrived)
{
    const Rates result = rates(at(1s, some), at(2s, some));
    EXPECT_FALSE(result.new_instance);
    EXPECT_EQ(result.stats.total_packets, 0U);
    EXPECT_DOUBLE_EQ(result.per_second(result.stats.total_packets), 0);
}

TEST(Rates, NoTimePassed)
{
    const Rates result = rates(at(1s, some), at(1s, more));
    EXPECT_DOUBLE_EQ(result.seconds, 0);
    EXPECT_DOUBLE_EQ(result.per_second(result.stats.total_packets), 0);
}

TEST(Rates, AnotherMapIsANewInstanceWhateverItHasCounted)
{
    Snapshot older = at(1s, some);
    Snapshot newer = at(2s, more);
    older.map_id = 7;
    newer.map_id = 8;
    const Rates result = rates(older, newer);
    EXPECT_TRUE(result.new_instance);
    EXPECT_EQ(result.stats.total_packets, 40U);
    newer.map_id = 7;
    EXPECT_FALSE(rates(older, newer).new_instance);
    newer.map_id = 0; // not known
    EXPECT_FALSE(rates(older, newer).new_instance);
}

TEST(Rates, OneCounterGoesOnInTheMapsOfAnUpgrade)
{
    Snapshot older = at(1s, some);
    Snapshot newer = at(2s, more);
    older.map_id = 7;
    newer.map_id = 8;
    older.counter_id = newer.counter_id = 3;
    EXPECT_FALSE(rates(older, newer).new_instance);
    EXPECT_EQ(rates(older, newer).stats.total_packets, more.total_packets - some.total_packets);
    newer.counter_id = 4;
    EXPECT_TRUE(rates(older, newer).new_instance);
    older.counter_id = newer.counter_id = 0; // not known
    EXPECT_TRUE(rates(older, newer).new_instance);
}

TEST(Rates, ANewInstanceCountsFromNothing)
{
    const Rates result = rates(at(1s, more), at(2s, some));
    EXPECT_TRUE(result.new_instance);
    EXPECT_EQ(result.stats.total_packets, some.total_packets);
    EXPECT_EQ(result.stats.total_bytes, some.total_bytes);
}

TEST(Rates, OneCounterThatWentBackIsEnough)
{
    for (std::size_t i = 0; i < counters(some).size(); i++) {
        pkt_stats older = some;
        __u64 pkt_stats::* const fields[] = {&pkt_stats::total_packets, &pkt_stats::total_bytes,
                                             &pkt_stats::icmp_packets,  &pkt_stats::tcp_packets,
                                             &pkt_stats::udp_packets,   &pkt_stats::other_packets,
                                             &pkt_stats::ipv4_packets,  &pkt_stats::ipv6_packets};
        older.*fields[i] += 1;
        EXPECT_TRUE(rates(at(1s, older), at(2s, some)).new_instance) << "counter " << i;
    }
}

TEST(Rates, TheWallClockMayStep)
{
    for (const auto step : {-1000h, 1000h}) {
        Snapshot newer = at(3s, more);
        newer.wall_clock += step;
        const Rates result = rates(at(1s, some), newer);
        EXPECT_DOUBLE_EQ(result.seconds, 2);
        EXPECT_FALSE(result.new_instance);
    }
}

TEST(Rates, SnapshotsInTheWrongOrderHaveNoTime)
{
    const Rates result = rates(at(2s, some), at(1s, more));
    EXPECT_DOUBLE_EQ(result.seconds, 0);
    EXPECT_DOUBLE_EQ(result.per_second(1000), 0);
}

TEST(Rates, AreExactAtTheLargestCounts)
{
    constexpr __u64 most = std::numeric_limits<__u64>::max();
    pkt_stats older{};
    older.total_bytes = most - 3;
    pkt_stats newer{};
    newer.total_bytes = most;
    EXPECT_EQ(rates(at(1s, older), at(2s, newer)).stats.total_bytes, 3U);
}

TEST(Rates, CellsNeverGoBelowNothing)
{
    Snapshot older = at(1s, some);
    Snapshot newer = at(2s, more);
    older.traffic.cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_TCP][TRAFFIC_SIZE_TO_64] = {5, 300};
    newer.traffic.cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_TCP][TRAFFIC_SIZE_TO_64] = {4, 240};
    newer.traffic.cell[TRAFFIC_NETWORK_IPV6][TRAFFIC_TRANSPORT_UDP][TRAFFIC_SIZE_TO_127] = {7, 700};
    const Rates result = rates(older, newer);
    EXPECT_EQ(by_network(result.traffic)[TRAFFIC_NETWORK_IPV4].packets, 0U);
    EXPECT_EQ(by_network(result.traffic)[TRAFFIC_NETWORK_IPV6].packets, 7U);
    EXPECT_EQ(by_network(result.traffic)[TRAFFIC_NETWORK_IPV6].bytes, 700U);
}

} // namespace

} // namespace xdpstat
