// SPDX-License-Identifier: BSD-2-Clause
// The reader of the counter on maps whose slots a CPU is in the midst of writing.
#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "bpfxx/array_map.hpp"
#include "counter/layouts.hpp"
#include "counter/pins.hpp"
#include "counter/reader.hpp"
#include "map_test.hpp"

namespace xdpstat {
namespace {

using bpfxx::test::take;

constexpr std::uint32_t slots = 4;

/// A stats_map without a program, so that a test can leave its slots as it likes.
class ReaderTest : public bpfxx::test::MapTest {
protected:
    void SetUp() override
    {
        MapTest::SetUp();
        if (IsSkipped() || HasFatalFailure())
            return;
        const std::string directory = "/sys/fs/bpf/reader";
        std::filesystem::remove_all(directory);
        std::filesystem::create_directory(directory);
        map_ = take(bpfxx::ArrayMap<pkt_stats>::create("stats_map", slots, BPF_F_MMAPABLE));
        take(map_->map().pin(stats_pin(directory)));
        reader_ = take(Reader::open(directory));
    }

    void write(std::uint32_t slot, const pkt_stats& stats) { take(map_->update(slot, stats)); }
    pkt_stats read() { return take(reader_->read_stats()); }

    std::optional<bpfxx::ArrayMap<pkt_stats>> map_;
    std::optional<Reader> reader_;
};

/// That many TCP frames of 100 bytes.
pkt_stats tcp_frames(std::uint64_t frames)
{
    pkt_stats stats{};
    stats.total_packets = stats.tcp_packets = stats.ipv4_packets = frames;
    stats.total_bytes = frames * 100;
    return stats;
}

/// Stops the writers, however the test ends.
struct StopAtEnd {
    std::atomic<bool>& stop;
    ~StopAtEnd() { stop = true; }
};

TEST_F(ReaderTest, AddsUpAllSlots)
{
    for (std::uint32_t slot = 0; slot < slots; slot++)
        write(slot, tcp_frames(slot + 1));
    const pkt_stats sum = read();
    EXPECT_EQ(sum.total_packets, 10U);
    EXPECT_EQ(sum.total_bytes, 1000U);
    EXPECT_EQ(sum.tcp_packets, 10U);
    EXPECT_EQ(sum.ipv4_packets, 10U);
    EXPECT_EQ(sum.other_packets, 0U);
}

TEST_F(ReaderTest, TellsWhichMapItRead)
{
    EXPECT_NE(map_->map().info().id, 0U);
    EXPECT_EQ(take(reader_->read()).map_id, map_->map().info().id);
}

TEST_F(ReaderTest, LeavesOutTheFrameWhoseClassIsNotCountedYet)
{
    write(0, tcp_frames(5));
    pkt_stats stopped = tcp_frames(7);
    stopped.total_packets++; // its CPU was stopped here
    write(3, stopped);
    const pkt_stats sum = read();
    EXPECT_EQ(sum.total_packets, 12U);
    EXPECT_EQ(sum.tcp_packets, 12U);
}

TEST_F(ReaderTest, TakesASlotThatStandsStillAsItIs)
{
    pkt_stats strange = tcp_frames(7);
    strange.total_packets = 100; // as no counter of ours leaves it
    write(1, strange);
    const pkt_stats sum = read();
    EXPECT_EQ(sum.total_packets, 100U);
    EXPECT_EQ(sum.tcp_packets, 7U);
}

TEST_F(ReaderTest, IsWholeWhileTwoSlotsAreWritten)
{
    std::atomic<bool> stop = false;
    const auto count = [&](std::uint32_t slot) {
        auto map = take(bpfxx::ArrayMap<pkt_stats>::open_pinned(stats_pin("/sys/fs/bpf/reader")));
        for (std::uint64_t frames = 1; !stop; frames++) {
            pkt_stats stats = tcp_frames(frames);
            stats.tcp_packets--; // first the total, then the class, as the program does
            take(map.update(slot, stats));
            take(map.update(slot, tcp_frames(frames)));
        }
    };
    const std::jthread first(count, 0);
    const std::jthread second(count, 2);
    const StopAtEnd stop_at_end{stop};
    std::uint64_t last = 0;
    while (last < 100'000) {
        const pkt_stats sum = read();
        ASSERT_TRUE(is_whole(sum)) << sum.total_packets << " " << sum.tcp_packets;
        ASSERT_GE(sum.tcp_packets, last);
        last = sum.tcp_packets;
    }
}

} // namespace
} // namespace xdpstat
