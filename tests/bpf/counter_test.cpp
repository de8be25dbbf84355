// SPDX-License-Identifier: BSD-2-Clause
#include "counter_test.hpp"

#include <algorithm>
#include <cstring>
#include <ostream>

#include <linux/bpf.h>

namespace xdpstat::test {
namespace {

std::uint64_t class_packets(const pkt_stats& stats, traffic_class which)
{
    switch (which) {
    case TRAFFIC_CLASS_ICMP:
        return stats.icmp_packets;
    case TRAFFIC_CLASS_TCP:
        return stats.tcp_packets;
    case TRAFFIC_CLASS_UDP:
        return stats.udp_packets;
    default:
        return stats.other_packets;
    }
}

std::string describe(std::span<const std::uint8_t> frame, const RunOptions& options)
{
    return (options.linear ? std::to_string(*options.linear) + " linear of " : std::string()) + hex(frame);
}

} // namespace

void CounterTest::SetUp()
{
    if (const auto missing = missing_capabilities())
        XDPSTAT_SKIP(*missing);
    if (const auto reason = unsupported(GetParam()))
        XDPSTAT_SKIP(*reason);
    cpus_ = allowed_cpus();
    pinned_.emplace(cpus_.front());
    load({.length = GetParam()});
}

void CounterTest::load(const LoadOptions& options)
{
    breakdown_ = options.breakdown;
    counter_.reset();
    auto loaded = Counter::load(options);
    ASSERT_TRUE(loaded) << loaded.error();
    counter_.emplace(std::move(*loaded));
}

Outcome CounterTest::count(std::span<const std::uint8_t> frame, const RunOptions& options,
                           std::optional<unsigned> cpu)
{
    std::optional<PinnedThread> elsewhere;
    if (cpu)
        elsewhere.emplace(*cpu);
    Outcome outcome = counter_->run(frame, options);
    check_properties(outcome, frame, options, cpu.value_or(cpus_.front()));
    return outcome;
}

void CounterTest::check_properties(const Outcome& outcome, std::span<const std::uint8_t> frame,
                                   const RunOptions& options, unsigned cpu) const
{
    ASSERT_EQ(outcome.error, 0) << "BPF_PROG_TEST_RUN: " << std::strerror(outcome.error) << '\n'
                                << describe(frame, options);
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, describe(frame, options));
    const std::uint64_t packets = options.repeat;
    const std::uint64_t bytes = packets * frame.size();

    EXPECT_EQ(outcome.code, static_cast<std::uint32_t>(XDP_PASS));
    EXPECT_TRUE(std::ranges::equal(outcome.packet, frame))
        << "the program changed the frame: " << hex(outcome.packet);

    const pkt_stats& stats = outcome.stats;
    EXPECT_EQ(stats.total_packets, packets);
    EXPECT_EQ(stats.total_bytes, bytes);
    EXPECT_EQ(stats.icmp_packets + stats.tcp_packets + stats.udp_packets + stats.other_packets, packets);
    EXPECT_LE(stats.ipv4_packets + stats.ipv6_packets, packets);

    const std::vector<std::uint32_t> own_slot{counter_->layout().slot_of(cpu)};
    EXPECT_EQ(outcome.stats_slots, own_slot);
    if (!breakdown_) {
        EXPECT_TRUE(outcome.cells.empty())
            << "the breakdown is off, yet " << outcome.cells.front().verdict << " changed";
        return;
    }
    EXPECT_EQ(outcome.traffic_slots, own_slot);
    ASSERT_EQ(outcome.cells.size(), 1U);
    const Outcome::Cell& cell = outcome.cells.front();
    EXPECT_EQ(cell.packets, packets);
    EXPECT_EQ(cell.bytes, bytes);
    EXPECT_EQ(class_packets(stats, class_of(cell.verdict)), packets) << cell.verdict;
    EXPECT_EQ(stats.ipv4_packets, is_ipv4(cell.verdict) ? packets : 0) << cell.verdict;
    EXPECT_EQ(stats.ipv6_packets, is_ipv6(cell.verdict) ? packets : 0) << cell.verdict;
}

::testing::AssertionResult CounterTest::counts_as(const Expected& expected,
                                                  std::span<const std::uint8_t> frame,
                                                  const RunOptions& options)
{
    const Outcome outcome = count(frame, options);
    if (outcome.error || (breakdown_ && outcome.cells.size() != 1))
        return ::testing::AssertionFailure() << "not counted once";
    const auto agrees = [&](const Verdict& verdict) {
        if (breakdown_)
            return outcome.cells.front().verdict == verdict;
        return class_packets(outcome.stats, class_of(verdict)) == options.repeat &&
               (outcome.stats.ipv4_packets == options.repeat) == is_ipv4(verdict) &&
               (outcome.stats.ipv6_packets == options.repeat) == is_ipv6(verdict);
    };
    if (agrees(expected.verdict) || (expected.also_right && agrees(*expected.also_right)))
        return ::testing::AssertionSuccess();
    auto failure = ::testing::AssertionFailure() << "should be " << expected.verdict;
    if (expected.also_right)
        failure << " or " << *expected.also_right;
    if (breakdown_)
        failure << ", counted as " << outcome.cells.front().verdict;
    return failure << ", " << describe(frame, options);
}

::testing::AssertionResult CounterTest::counts_right(std::span<const std::uint8_t> frame,
                                                     const RunOptions& options)
{
    return counts_as(classify(frame), frame, options);
}

} // namespace xdpstat::test
