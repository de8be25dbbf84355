// SPDX-License-Identifier: BSD-2-Clause
#include "counter/verify.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xdpstat {
namespace {

using ::testing::HasSubstr;

/// An interval as the counter and the kernel saw it, from round numbers on.
struct Interval {
    VerifyReading start;
    VerifyReading end;
    VerifyFacts facts;

    Interval(Cell counter, Cell kernel)
    {
        facts.interface = "eth0";
        facts.mode = "native";
        facts.driver = "ice";
        facts.mtu = 1500;
        facts.in_flight_limit = 128;
        start.quiet = end.quiet = true;
        start.counter = {1000, 90000};
        start.before.rx_packets = 5000;
        start.before.rx_bytes = 600000;
        start.after = start.before;
        end.taken = start.taken + std::chrono::seconds(10);
        end.counter = {1000 + counter.packets, 90000 + counter.bytes};
        end.before.rx_packets = 5000 + kernel.packets;
        end.before.rx_bytes = 600000 + kernel.bytes;
        end.after = end.before;
    }

    void driver(const std::string& name, std::uint64_t difference)
    {
        start.driver.push_back({name, 7});
        end.driver.push_back({name, 7 + difference});
    }

    [[nodiscard]] Verification result() const { return explain(start, end, facts); }
};

const Finding* find(const Verification& report, const std::string& what)
{
    const auto found = std::ranges::find(report.findings, what, &Finding::what);
    return found == report.findings.end() ? nullptr : &*found;
}

std::string detail(const Verification& report, const std::string& what)
{
    const Finding* finding = find(report, what);
    return finding == nullptr ? "" : finding->detail;
}

bool has_failure(const Verification& report)
{
    return std::ranges::find(report.findings, Severity::fail, &Finding::severity) != report.findings.end();
}

TEST(Verify, TellsEqualFigures)
{
    const auto report = Interval({100, 9000}, {100, 9000}).result();
    EXPECT_TRUE(report.agrees);
    EXPECT_EQ(report.counter.packets, 100U);
    EXPECT_EQ(report.kernel.bytes, 9000U);
    EXPECT_DOUBLE_EQ(report.seconds, 10);
    EXPECT_THAT(detail(report, "packets"), HasSubstr("100, as the kernel says"));
    EXPECT_FALSE(has_failure(report));
}

TEST(Verify, WarnsWhereNothingArrived)
{
    const auto report = Interval({0, 0}, {0, 0}).result();
    EXPECT_TRUE(report.agrees);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].severity, Severity::warn);
}

TEST(Verify, FailsOnAGapThatNothingExplains)
{
    for (const Cell kernel : {Cell{101, 9090}, Cell{99, 8910}, Cell{100, 9001}, Cell{100, 8999}}) {
        const auto report = Interval({100, 9000}, kernel).result();
        EXPECT_FALSE(report.agrees) << kernel.packets << " " << kernel.bytes;
        EXPECT_TRUE(has_failure(report));
    }
}

TEST(Verify, TakesAFrameBetweenTwoReadingsForNoGap)
{
    Interval interval({100, 9000}, {99, 8910});
    interval.end.after.rx_packets += 3; // the kernel's figure went from 99 to 102 while the counter was read
    interval.end.after.rx_bytes += 270;
    const auto report = interval.result();
    EXPECT_TRUE(report.agrees);
    EXPECT_EQ(report.uncertainty.packets, 3U);
    EXPECT_THAT(detail(report, "packets"), HasSubstr("but for 2 of the 3"));
}

TEST(Verify, AllowsForFramesOnTheirWayUnderLoadOnly)
{
    Interval interval({100000, 9000000}, {100064, 9005760});
    EXPECT_FALSE(interval.result().agrees);
    interval.end.quiet = false;
    EXPECT_TRUE(interval.result().agrees);
    interval.facts.in_flight_limit = 63;
    EXPECT_FALSE(interval.result().agrees);
}

TEST(Verify, NoticesAReset)
{
    Interval interval({100, 9000}, {100, 9000});
    interval.end.counter = {5, 400};
    EXPECT_FALSE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "counters"), HasSubstr("reset"));
}

TEST(Verify, KnowsDriversThatLeaveOutTheEthernetHeader)
{
    Interval interval({100, 9800}, {100, 8400});
    interval.facts.driver = "veth";
    EXPECT_TRUE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "bytes"), HasSubstr("14 a frame: driver veth"));
}

TEST(Verify, KnowsThatVethCountsRedirectedFramesWhole)
{
    Interval interval({100, 9800}, {100, 9800 - 14 * 60});
    EXPECT_FALSE(interval.result().agrees);
    interval.facts.driver = "veth";
    EXPECT_TRUE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "bytes"), HasSubstr("14 for each of 60 frames"));
    interval.end.counter.bytes += 1;
    EXPECT_FALSE(interval.result().agrees);
}

TEST(Verify, KnowsTheFrameCheckSequence)
{
    const auto report = Interval({100, 9000}, {100, 9400}).result();
    EXPECT_TRUE(report.agrees);
    EXPECT_THAT(detail(report, "bytes"), HasSubstr("frame check sequence"));
}

TEST(Verify, KnowsVlanTagsThatTheCardTakesOff)
{
    Interval interval({100, 9000}, {100, 9120});
    EXPECT_FALSE(interval.result().agrees);
    interval.facts.rx_vlan_offload = true;
    EXPECT_TRUE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "bytes"), HasSubstr("4 for each of 30 VLAN tags"));
    interval.end.counter.bytes -= 2;
    EXPECT_FALSE(interval.result().agrees);
}

TEST(Verify, NamesFramesDroppedBeforeXdp)
{
    Interval interval({100, 9000}, {107, 9630});
    interval.end.after.rx_missed = 6;
    EXPECT_FALSE(interval.result().agrees);
    interval.end.after.rx_missed = 7;
    const auto report = interval.result();
    EXPECT_TRUE(report.agrees);
    EXPECT_THAT(detail(report, "packets"), HasSubstr("rx_missed says 7"));
    EXPECT_EQ(report.others.rx_missed, 7U);
}

/// Frames that arrived while the two were read widen what a source may explain, but one that covers next to nothing
/// of the gap does not explain it.
TEST(Verify, DoesNotTakeASmallDropForALargeGap)
{
    const auto gap_with = [](std::uint64_t missed) {
        Interval interval({100000, 10000000}, {100101, 10010100});
        interval.start.after.rx_packets += 100;
        interval.start.before.rx_missed = interval.start.after.rx_missed = 3;
        interval.end.before.rx_packets += 100;
        interval.end.after.rx_packets += 200;
        interval.end.before.rx_missed = interval.end.after.rx_missed = 3 + missed;
        return interval.result();
    };
    EXPECT_FALSE(gap_with(1).agrees);
    EXPECT_TRUE(has_failure(gap_with(1)));
    EXPECT_FALSE(has_failure(gap_with(150)));
}

TEST(Verify, SaysWhereTooLittleTrafficFlowedToTell)
{
    Interval interval({100, 6400}, {100, 6400});
    interval.start.quiet = false;
    EXPECT_THAT(detail(interval.result(), "traffic"), HasSubstr("128 frames"));
    EXPECT_EQ(find(Interval({100, 6400}, {100, 6400}).result(), "traffic"), nullptr);
}

TEST(Verify, NamesTheDriversDropCounter)
{
    Interval interval({100, 9000}, {107, 9630});
    interval.driver("tx_dropped", 7);
    EXPECT_FALSE(interval.result().agrees);
    interval.driver("rx_out_of_buffer", 7);
    EXPECT_THAT(detail(interval.result(), "packets"), HasSubstr("rx_out_of_buffer says 7"));
    EXPECT_TRUE(interval.result().agrees);
}

TEST(Verify, DoesNotTakeDropsForMoreBytesThanTheyCanHave)
{
    Interval interval({100, 9000}, {107, 9000 + 7 * 2000});
    interval.end.after.rx_dropped = 7;
    const auto report = interval.result();
    EXPECT_FALSE(report.agrees);
    EXPECT_EQ(find(report, "packets")->severity, Severity::warn);
}

TEST(Verify, NamesFramesThatAnotherProgramTook)
{
    Interval interval({100, 9000}, {60, 5400});
    interval.driver("rx_queue_0_xdp_drops", 15);
    interval.driver("rx_queue_1_xdp_redirect", 25);
    interval.driver("rx_queue_0_xdp_tx_errors", 99);
    EXPECT_TRUE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "packets"), HasSubstr("40 by the driver's count"));
}

TEST(Verify, NamesMergedFramesOfGenericModeAboveOthers)
{
    Interval interval({1000, 1000 * 1514}, {4000, 1000 * 1514 + 3000 * 66});
    EXPECT_FALSE(interval.result().agrees);
    interval.facts.mode = "generic";
    EXPECT_FALSE(interval.result().agrees) << "the kernel switches GRO off for the interface itself";
    interval.facts.kind = "bond";
    EXPECT_TRUE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "packets"), HasSubstr("66 bytes a frame"));
    interval.end.before.rx_bytes = interval.end.after.rx_bytes += 3000 * 1000;
    EXPECT_FALSE(interval.result().agrees) << "no header is so long";
}

TEST(Verify, AddsUpTheMembersOfABond)
{
    Interval interval({100, 9000}, {90, 8100});
    for (const auto& [name, packets] : {std::pair{"eth1", 70U}, std::pair{"eth2", 30U}}) {
        interval.start.members.push_back({name, {}});
        interval.end.members.push_back({name, {.rx_packets = packets, .rx_bytes = packets * 90}});
    }
    EXPECT_TRUE(interval.result().agrees);
    EXPECT_THAT(detail(interval.result(), "members"), HasSubstr("add up to 100"));
    interval.end.members.pop_back();
    EXPECT_FALSE(interval.result().agrees);
}

TEST(Verify, TakesTheDriversWordWhereItAgrees)
{
    for (const std::string prefix : {"rx_", "rx0_", "rx-0.", "rx_queue_0_"}) {
        Interval interval({100, 9000}, {80, 7200});
        interval.driver(prefix + "packets", 100);
        interval.driver(prefix + "bytes", 9000);
        EXPECT_TRUE(interval.result().agrees) << prefix;
    }
}

/// What a driver calls XDP's is counted for the program: it stands still with the counter and proves nothing.
TEST(Verify, DoesNotTakeTheDriversWordOnXdp)
{
    Interval interval({100, 9000}, {180, 16200});
    interval.driver("rx_queue_0_xdp_packets", 100);
    interval.driver("rx_queue_0_xdp_bytes", 9000);
    EXPECT_FALSE(interval.result().agrees);
}

TEST(Verify, AddsUpTheDriversQueues)
{
    Interval interval({100, 9000}, {80, 7200});
    interval.driver("rx0_packets", 60);
    interval.driver("rx1_packets", 40);
    interval.driver("rx0_xdp_packets", 60);
    interval.driver("rx0_bytes", 9000);
    EXPECT_TRUE(interval.result().agrees);
}

TEST(Verify, ListsWhatAGapMayBe)
{
    Interval interval({1000, 90000}, {1100, 99000});
    interval.facts.master = "bond0";
    interval.facts.rx_vlan_offload = true;
    const auto report = interval.result();
    EXPECT_FALSE(report.agrees);
    EXPECT_EQ(std::ranges::count(report.findings, "may be", &Finding::what), 3);
}

} // namespace
} // namespace xdpstat
