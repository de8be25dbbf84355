// SPDX-License-Identifier: BSD-2-Clause
// Which slot a CPU counts in, the breakdown's switch, and several CPUs at once.
#include <array>
#include <barrier>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include <bpf/bpf.h>

#include "counter_test.hpp"
#include "samples.hpp"

namespace xdpstat::test {
namespace {

class LayoutTest : public CounterTest {
protected:
    /// A TCP, a UDP and an ICMP frame and one that is not IP, on each CPU in turn.
    void count_on_each_cpu()
    {
        const std::array frames{(eth() / ipv4() / tcp()).bytes(),
                                (eth() / vlan(5) / ipv6() / udp() / payload(100)).bytes(),
                                (eth() / ipv6() / hop_by_hop() / icmpv6()).bytes(), (eth() / arp()).bytes()};
        for (const unsigned cpu : cpus()) {
            for (const Bytes& frame : frames) {
                SCOPED_TRACE("CPU " + std::to_string(cpu));
                count(frame, {}, cpu);
                count(frame, {.repeat = 1000}, cpu);
            }
        }
    }

    /// Counts on all CPUs of the process at the same time and returns how many frames each ran.
    std::uint32_t count_on_all_cpus_at_once(const Bytes& frame)
    {
        constexpr std::uint32_t rounds = 20, repeat = 50'000;
        std::barrier start(static_cast<std::ptrdiff_t>(cpus().size()));
        std::vector<int> errors(cpus().size());
        {
            std::vector<std::jthread> threads;
            for (std::size_t index = 0; index < cpus().size(); ++index) {
                threads.emplace_back([&, index] {
                    const PinnedThread pinned(cpus()[index]);
                    for (std::uint32_t round = 0; round < rounds; ++round) {
                        start.arrive_and_wait();
                        if (const int error = counter().drive(frame, {.repeat = repeat}))
                            errors[index] = error;
                    }
                });
            }
        }
        EXPECT_EQ(errors, std::vector<int>(cpus().size()));
        return rounds * repeat;
    }

    void check_nothing_is_lost(const Layout& layout)
    {
        if (cpus().size() < 2)
            XDPSTAT_SKIP("counting at once needs two CPUs");
        ASSERT_NO_FATAL_FAILURE(load({.length = GetParam(), .layout = layout}));
        const Bytes frame = (eth() / ipv6() / udp() / payload(30)).bytes();
        const std::uint64_t frames = count_on_all_cpus_at_once(frame) * cpus().size();
        const Outcome outcome = counter().settle();
        EXPECT_EQ(outcome.stats.total_packets, frames);
        EXPECT_EQ(outcome.stats.total_bytes, frames * frame.size());
        EXPECT_EQ(outcome.stats.udp_packets, frames);
        EXPECT_EQ(outcome.stats.ipv6_packets, frames);
        EXPECT_EQ(outcome.stats.tcp_packets + outcome.stats.icmp_packets + outcome.stats.other_packets, 0U);
        std::uint64_t packets = 0, bytes = 0;
        for (const auto& cell : outcome.cells) {
            EXPECT_EQ(cell.verdict, classify(frame).verdict);
            packets += cell.packets;
            bytes += cell.bytes;
        }
        EXPECT_EQ(packets, frames);
        EXPECT_EQ(bytes, frames * frame.size());
    }
};
XDPSTAT_INSTANTIATE(LayoutTest);

TEST_P(LayoutTest, EachCpuCountsInItsSlot)
{
    const unsigned possible = possible_cpus();
    const Layout layouts[] = {
        per_cpu_layout(),
        shared_layout(),
        {"MoreSlotsThanCpus", possible + 3, possible},
        {"LastSlotShared", 2, 1},
        {"SharedSlotFarFromTheFirst", possible + 1, 1},
        {"NonePrivate", 2, 0},
        {"OneSlotForOneCpu", 1, 1},
        {"AsTheObjectSays", XDP_COUNTER_DEFAULT_SLOTS, XDP_COUNTER_DEFAULT_SLOTS - 1},
    };
    for (const Layout& layout : layouts) {
        for (const bool breakdown : {true, false}) {
            SCOPED_TRACE(std::string(layout.name) + (breakdown ? "" : " without the breakdown"));
            ASSERT_NO_FATAL_FAILURE(load({.length = GetParam(), .layout = layout, .breakdown = breakdown}));
            count_on_each_cpu();
        }
    }
}

TEST_P(LayoutTest, EachKindOfFrameWithoutTheBreakdown)
{
    for (const Layout& layout : {per_cpu_layout(), shared_layout()}) {
        SCOPED_TRACE(layout.name);
        ASSERT_NO_FATAL_FAILURE(load({.length = GetParam(), .layout = layout, .breakdown = false}));
        for (const Sample& sample : samples()) {
            SCOPED_TRACE(sample.name);
            EXPECT_TRUE(counts_right(sample.frame()));
        }
        for (std::uint32_t slot = 0; slot < layout.slots; ++slot) {
            static constexpr traffic_stats empty{};
            EXPECT_EQ(std::memcmp(&counter().traffic(slot), &empty, sizeof(empty)), 0);
        }
    }
}

TEST_P(LayoutTest, EachKindOfFrameInTheSharedLayout)
{
    ASSERT_NO_FATAL_FAILURE(load({.length = GetParam(), .layout = shared_layout()}));
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        EXPECT_TRUE(counts_right(sample.frame()));
    }
}

TEST_P(LayoutTest, NothingIsLostInOneSharedSlot)
{
    check_nothing_is_lost(shared_layout());
}

TEST_P(LayoutTest, NothingIsLostInPrivateSlots)
{
    check_nothing_is_lost(per_cpu_layout());
}

TEST_P(LayoutTest, NothingIsLostWhereTheLastSlotIsShared)
{
    check_nothing_is_lost({"LastSlotShared", 2, 1});
    check_nothing_is_lost({"NonePrivate", 2, 0});
}

// What a plain reader without a mapping gets.
TEST_P(LayoutTest, LookupAndMappingShowTheSame)
{
    for (const Layout& layout : {per_cpu_layout(), shared_layout()}) {
        SCOPED_TRACE(layout.name);
        ASSERT_NO_FATAL_FAILURE(load({.length = GetParam(), .layout = layout}));
        count_on_each_cpu();
        pkt_stats sum{};
        for (std::uint32_t slot = 0; slot < layout.slots; ++slot) {
            pkt_stats stats{};
            traffic_stats traffic{};
            ASSERT_EQ(bpf_map_lookup_elem(counter().stats_fd(), &slot, &stats), 0);
            ASSERT_EQ(bpf_map_lookup_elem(counter().traffic_fd(), &slot, &traffic), 0);
            EXPECT_EQ(std::memcmp(&stats, &counter().stats(slot), sizeof(stats)), 0);
            EXPECT_EQ(std::memcmp(&traffic, &counter().traffic(slot), sizeof(traffic)), 0);
            sum.total_packets += stats.total_packets;
        }
        EXPECT_EQ(sum.total_packets, cpus().size() * 4 * 1001);
    }
}

} // namespace
} // namespace xdpstat::test
