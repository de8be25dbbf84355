// SPDX-License-Identifier: BSD-2-Clause
#include "view_samples.hpp"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

namespace xdpstat::samples {

namespace {

constexpr __u64 most = std::numeric_limits<__u64>::max();

Reading start(const std::string& interface)
{
    Reading reading;
    reading.instance.interface = interface;
    reading.instance.ifindex = 7;
    reading.instance.directory = "/sys/fs/bpf/xdpstat/" + interface;
    reading.instance.mode = "native";
    reading.instance.program_id = 42;
    reading.instance.program_tag = "3b185187f1855c4c";
    reading.instance.layout = SlotLayout::percpu;
    reading.instance.breakdown = true;
    reading.instance.since = moment() - std::chrono::hours(3) - std::chrono::minutes(12);
    reading.snapshot.wall_clock = moment();
    reading.snapshot.has_breakdown = true;
    return reading;
}

} // namespace

std::chrono::system_clock::time_point moment()
{
    return std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(10) +
           std::chrono::minutes(25) + std::chrono::seconds(12) + std::chrono::milliseconds(42);
}

Reading mixed(const std::string& interface)
{
    Reading reading = start(interface);
    auto& cell = reading.snapshot.traffic.cell;
    cell[TRAFFIC_NETWORK_ARP][TRAFFIC_TRANSPORT_OTHER][TRAFFIC_SIZE_TO_64] = {12, 720};
    cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_TCP][TRAFFIC_SIZE_TO_127] = {123456, 8148096};
    cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_TCP][TRAFFIC_SIZE_TO_1518] = {1234567, 1869134438};
    cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_UDP][TRAFFIC_SIZE_TO_511] = {98765, 39506000};
    cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_ICMP][TRAFFIC_SIZE_TO_127] = {60, 5880};
    cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_TRUNCATED][TRAFFIC_SIZE_TO_64] = {1, 20};
    cell[TRAFFIC_NETWORK_IPV4_FRAGMENT][TRAFFIC_TRANSPORT_UDP][TRAFFIC_SIZE_TO_1518] = {10, 15140};
    cell[TRAFFIC_NETWORK_IPV6][TRAFFIC_TRANSPORT_TCP][TRAFFIC_SIZE_TO_9018] = {54321, 489758136};
    cell[TRAFFIC_NETWORK_IPV6][TRAFFIC_TRANSPORT_IPSEC][TRAFFIC_SIZE_TO_255] = {700, 140000};
    cell[TRAFFIC_NETWORK_MPLS][TRAFFIC_TRANSPORT_OTHER][TRAFFIC_SIZE_TO_1023] = {3, 3000};
    reading.snapshot.stats = roll_up(reading.snapshot.traffic);
    return reading;
}

Reading empty(const std::string& interface)
{
    return start(interface);
}

Reading full(const std::string& interface)
{
    Reading reading = start(interface);
    reading.snapshot.stats = {most, most, most, most, most, most, most, most};
    auto& cell = reading.snapshot.traffic.cell;
    cell[TRAFFIC_NETWORK_IPV4_FRAGMENT][TRAFFIC_TRANSPORT_TRUNCATED][TRAFFIC_SIZE_LARGER] = {most, most};
    return reading;
}

Reading without_breakdown(const std::string& interface)
{
    Reading reading = mixed(interface);
    reading.instance.breakdown = false;
    reading.snapshot.has_breakdown = false;
    reading.snapshot.traffic = {};
    return reading;
}

WatchedInterface watched(const Reading& reading)
{
    WatchedInterface result;
    result.instance = reading.instance;
    result.latest = reading.snapshot;
    result.rates.seconds = 1;
    result.rates.stats = reading.snapshot.stats;
    result.rates.traffic = reading.snapshot.traffic;
    for (unsigned second = 0; second <= 60; second++) {
        Rates rates = result.rates;
        // A wave, and nothing at its start.
        rates.stats.total_packets = rates.stats.total_packets / 64 * ((second * second) % 64);
        rates.stats.total_bytes = rates.stats.total_bytes / 64 * ((second * second) % 64);
        result.history.add(rates);
    }
    return result;
}

WatchFacts facts(const std::vector<Reading>& readings)
{
    WatchFacts result;
    for (const Reading& reading : readings)
        result.interfaces.push_back(watched(reading));
    return result;
}

std::string plain(const std::vector<Line>& lines)
{
    return to_text(lines, false);
}

void expect_golden(const std::string& name, const std::string& text)
{
    const std::string path = std::string(XDPSTAT_GOLDEN_FOLDER) + "/" + name;
    const char* update = std::getenv("XDPSTAT_UPDATE_GOLDEN");
    if (update != nullptr && std::string(update) == "1") {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file) << path << " is missing; XDPSTAT_UPDATE_GOLDEN=1 writes it";
    std::ostringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text, golden.str()) << path;
}

/// What the other tests rely on.
TEST(ViewSamples, HeadlineIsTheSumOfTheBreakdown)
{
    const Reading reading = mixed();
    EXPECT_TRUE(is_whole(reading.snapshot.stats));
    EXPECT_EQ(reading.snapshot.stats.total_packets, 1511895U);
}

} // namespace xdpstat::samples
