// SPDX-License-Identifier: BSD-2-Clause
#include "counter/replay.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "capture_samples.hpp"
#include "view/line.hpp"
#include "view/replay.hpp"
#include "view_samples.hpp"

namespace xdpstat {

namespace {

using samples::expect_golden;
using samples::Octets;

/// An IPv4 header behind an Ethernet header, and so many bytes in all.
Octets ipv4_frame(std::uint8_t protocol, std::size_t size)
{
    Octets frame(size);
    frame.at(12) = 0x08;
    frame.at(14) = 0x45;
    frame.at(23) = protocol;
    return frame;
}

traffic_place count(Replay& replay, const Octets& bytes, std::uint32_t length)
{
    const auto place = replay.count({.bytes = bytes, .length = length});
    EXPECT_TRUE(place);
    return place.value_or(traffic_place{});
}

TEST(Replay, CountsCutFramesByTheirLengthOnTheWire)
{
    Replay replay = Replay::in_user_space();
    EXPECT_EQ(replay.engine(), ReplayEngine::user);
    const traffic_place whole = count(replay, ipv4_frame(6, 60), 60);
    EXPECT_EQ(whole.transport, TRAFFIC_TRANSPORT_TCP);
    EXPECT_EQ(whole.size, TRAFFIC_SIZE_TO_64);
    const traffic_place cut = count(replay, ipv4_frame(17, 40), 1500);
    EXPECT_EQ(cut.transport, TRAFFIC_TRANSPORT_UDP);
    EXPECT_EQ(cut.size, TRAFFIC_SIZE_TO_1518);

    const ReplayCounts counts = replay.take();
    EXPECT_EQ(counts.cut, 1U);
    EXPECT_EQ(counts.aside, 0U);
    const pkt_stats stats = roll_up(counts.traffic);
    EXPECT_EQ(stats.total_packets, 2U);
    EXPECT_EQ(stats.total_bytes, 1560U);
    EXPECT_EQ(replay.take().traffic.cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_TCP][0].packets, 0U);
}

TEST(Replay, WhatIsNotThereIsTruncated)
{
    Replay replay = Replay::in_user_space();
    EXPECT_EQ(count(replay, {}, 60).transport, TRAFFIC_TRANSPORT_TRUNCATED);
    EXPECT_EQ(count(replay, Octets(13), 13).transport, TRAFFIC_TRANSPORT_TRUNCATED);
    const traffic_place ipv4 = count(replay, ipv4_frame(6, 33), 60);
    EXPECT_EQ(ipv4.network, TRAFFIC_NETWORK_IPV4);
    EXPECT_EQ(ipv4.transport, TRAFFIC_TRANSPORT_TRUNCATED);
}

TEST(Replay, EverySizeHasItsCell)
{
    Replay replay = Replay::in_user_space();
    constexpr std::array<std::uint32_t, TRAFFIC_SIZE_COUNT - 1> bounds = TRAFFIC_SIZE_BOUNDS;
    for (std::size_t i = 0; i < bounds.size(); i++) {
        EXPECT_EQ(count(replay, {}, bounds.at(i)).size, i);
        EXPECT_EQ(count(replay, {}, bounds.at(i) + 1).size, i + 1);
    }
    EXPECT_EQ(count(replay, {}, UINT32_MAX).size, TRAFFIC_SIZE_LARGER);
}

/// Counted in the kernel; cut, broken off, and with frames that user space had to parse.
ReplayedCapture troubled()
{
    ReplayedCapture capture{.file = "tuesday.pcap", .format = "pcap", .counts = {}, .problem = {}};
    capture.counts.traffic = samples::mixed().snapshot.traffic;
    capture.counts.cut = 12;
    capture.counts.aside = 1;
    capture.problem = "it ends within frame 1511896";
    return capture;
}

ReplayedCapture whole()
{
    ReplayedCapture capture{.file = "monday.pcapng", .format = "pcapng", .counts = {}, .problem = {}};
    capture.counts.traffic.cell[TRAFFIC_NETWORK_IPV6][TRAFFIC_TRANSPORT_ICMP][TRAFFIC_SIZE_TO_127] = {2, 172};
    return capture;
}

const ReplayBy by_kernel{.engine = ReplayEngine::kernel, .reason = {}};
const ReplayBy by_user{.engine = ReplayEngine::user, .reason = "missing CAP_BPF and CAP_NET_ADMIN"};

TEST(ReplayView, Golden)
{
    expect_golden("replay.txt", replay_text(std::vector{whole()}, by_kernel, {}));
    expect_golden("replay_two.txt", replay_text(std::vector{whole(), troubled()}, by_user, {}));
    expect_golden("replay.json", replay_json(std::vector{whole(), troubled()}, by_kernel));
    expect_golden("replay_user.json", replay_json(std::vector{whole()}, by_user));
}

TEST(ReplayView, FramesAreCountedByWhoParsedThem)
{
    const auto kernel = nlohmann::json::parse(replay_json(std::vector{troubled()}, by_kernel));
    EXPECT_EQ(kernel["captures"][0]["user_frames"], 1);
    EXPECT_EQ(kernel["captures"][0]["complete"], false);
    const auto user = nlohmann::json::parse(replay_json(std::vector{whole()}, by_user));
    EXPECT_EQ(user["captures"][0]["user_frames"], 2);
    EXPECT_EQ(user["reason"], "missing CAP_BPF and CAP_NET_ADMIN");
}

TEST(ReplayView, FrameLines)
{
    const ReplayedFrame frame{
        .number = 17,
        .length = 1514,
        .captured = 96,
        .place = {TRAFFIC_NETWORK_IPV4_FRAGMENT, TRAFFIC_TRANSPORT_SCTP, TRAFFIC_SIZE_TO_1518}};
    const ReplayedFrame last{
        .number = UINT64_MAX,
        .length = UINT32_MAX,
        .captured = 0,
        .place = {TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED, TRAFFIC_SIZE_LARGER}};
    expect_golden("replay_frames.txt", replay_frame_header("a\033b.pcap", by_user) +
                                           replay_frame_line(frame) + replay_frame_line(last));
    expect_golden("replay-frame.json", replay_frame_json("a.pcap", ReplayEngine::user, frame));
}

} // namespace

} // namespace xdpstat
