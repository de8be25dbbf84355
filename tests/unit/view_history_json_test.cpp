// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "exporter/sample_history.hpp"
#include "view/history_json.hpp"
#include "view/server_json.hpp"
#include "view_samples.hpp"

namespace xdpstat {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t start = 1795601897000; ///< milliseconds since 1970

InterfaceScrape at(const std::string& interface, std::int64_t time, bool breakdown = true)
{
    const Reading reading = breakdown ? samples::mixed(interface) : samples::without_breakdown(interface);
    InterfaceScrape scrape;
    scrape.interface = interface;
    scrape.instance = reading.instance;
    scrape.snapshot = reading.snapshot;
    scrape.snapshot->wall_clock = std::chrono::system_clock::time_point(milliseconds(time));
    scrape.snapshot->stats.total_packets = static_cast<__u64>(time - start) / 1000;
    return scrape;
}

void add(SampleHistory& history, const InterfaceScrape& scrape, std::int64_t time)
{
    history.add(std::span(&scrape, 1), time);
}

nlohmann::json json_of(const SampleHistory& history, std::int64_t step = 1, std::int64_t since = 0,
                       const std::vector<std::string>& named = {})
{
    return nlohmann::json::parse(history_json(history.all(named), {.step = step, .since = since}));
}

TEST(HistoryJson, Golden)
{
    SampleHistory history;
    for (int i = 0; i < 3; i++)
        history.add(std::vector{at("eth0", start + i * 1000), at("eth1", start + i * 1000, false)},
                    start + i * 1000);
    samples::expect_golden("history.json", history_json(history.all({}), {}));
}

TEST(HistoryJson, SumsAreThoseOfTheSnapshot)
{
    const Snapshot snapshot = samples::mixed().snapshot;
    SampleHistory history;
    add(history, at("eth0", start), start);
    const auto traffic = json_of(history)["interfaces"][0]["traffic"];
    EXPECT_EQ(traffic["by_size"]["1024_1518"]["bytes"][0].get<std::uint64_t>(),
              by_size(snapshot.traffic)[TRAFFIC_SIZE_TO_1518].bytes);
    EXPECT_EQ(traffic["by_transport"]["udp"]["packets"][0].get<std::uint64_t>(),
              by_transport(snapshot.traffic)[TRAFFIC_TRANSPORT_UDP].packets);
    EXPECT_EQ(traffic["by_ip_version"]["6"]["packets"][0].get<std::uint64_t>(), snapshot.stats.ipv6_packets);
}

TEST(HistoryJson, TotalsAlone)
{
    SampleHistory history;
    add(history, at("eth0", start), start);
    const auto whole = json_of(history)["interfaces"][0];
    const auto total = nlohmann::json::parse(
        history_json(history.all({}), {.counters = HistoryCounters::total}))["interfaces"][0];
    EXPECT_EQ(total["time"], whole["time"]);
    EXPECT_EQ(total["stats"].size(), 2U);
    for (const char* counter : {"total_packets", "total_bytes"})
        EXPECT_EQ(total["stats"][counter], whole["stats"][counter]);
    EXPECT_TRUE(whole.contains("traffic"));
    EXPECT_FALSE(total.contains("traffic"));
}

TEST(ServerJson, NamesTheVersionAndThePathOfTheMetrics)
{
    const std::string text = server_json({.version = "1.2.3", .commit = "abc", .libbpf = "1.1"}, "/a\"b");
    EXPECT_EQ(text, "{\"schema\":\"xdpstat.server/1\",\"version\":\"1.2.3\",\"commit\":\"abc\","
                    "\"telemetry_path\":\"/a\\\"b\"}\n");
}

TEST(HistoryJson, KeepsTheLast15Minutes)
{
    SampleHistory history;
    for (std::int64_t i = 0; i < 2000; i++)
        add(history, at("eth0", start + i * 1000), start + i * 1000);
    const auto interface = json_of(history)["interfaces"][0];
    ASSERT_EQ(interface["time"].size(), SampleHistory::rows);
    EXPECT_EQ(interface["time"].front(), start + 1100 * 1000);
    EXPECT_EQ(interface["time"].back(), start + 1999 * 1000);
    EXPECT_EQ(interface["stats"]["total_packets"].front(), 1100);
    EXPECT_EQ(interface["stats"]["total_packets"].back(), 1999);
}

TEST(HistoryJson, OneThatIsGoneMakesRoomForAnother)
{
    SampleHistory history;
    std::vector<InterfaceScrape> all;
    for (std::size_t i = 0; i < SampleHistory::most_interfaces; i++)
        all.push_back(at("veth" + std::to_string(i), start));
    history.add(all, start);
    const auto knows = [&](const std::string& name) { return !history.all(std::vector{name}).empty(); };

    for (InterfaceScrape& scrape : all)
        scrape = at(scrape.interface, start + 1000);
    all.push_back(at("new0", start + 1000));
    history.add(all, start + 1000);
    EXPECT_FALSE(knows("new0")) << "all are there";

    for (InterfaceScrape& scrape : all)
        scrape = at(scrape.interface, start + 9000);
    std::swap(all[7], all.back());
    const std::vector<InterfaceScrape> others(all.begin(), all.end() - 1);
    history.add(others, start + 9000);
    EXPECT_FALSE(knows("veth7"));
    ASSERT_TRUE(knows("new0"));
    EXPECT_EQ(history.all(std::vector<std::string>{"new0"}).front().rows.size(), 1U)
        << "no row of its predecessor";
}

TEST(HistoryJson, TakesTheLastRowOfEachStep)
{
    SampleHistory history;
    for (std::int64_t i = 0; i < 30; i++)
        add(history, at("eth0", start + i * 1000 + 500), start + i * 1000 + 500);
    const auto interface = json_of(history, 10, start + 5000)["interfaces"][0];
    // The start is 7 seconds after a multiple of ten.
    EXPECT_EQ(interface["stats"]["total_packets"], nlohmann::json({12, 22, 29}));
}

TEST(HistoryJson, WithoutABreakdownThereIsNoTraffic)
{
    SampleHistory history;
    add(history, at("eth0", start), start);
    add(history, at("eth0", start + 1000, false), start + 1000);
    EXPECT_FALSE(json_of(history)["interfaces"][0].contains("traffic"));
    EXPECT_TRUE(json_of(history, 1, start + 2000)["interfaces"][0]["time"].empty());
}

TEST(SampleHistory, OneIsForgottenAfter15Minutes)
{
    SampleHistory history;
    add(history, at("eth0", start), start);
    add(history, at("eth1", start + 600'000), start + 600'000);
    EXPECT_EQ(history.all({}).size(), 2U);
    add(history, at("eth1", start + 901'000), start + 901'000);
    ASSERT_EQ(history.all({}).size(), 1U);
    EXPECT_EQ(history.all({})[0].interface, "eth1");
}

TEST(SampleHistory, IsBounded)
{
    SampleHistory history;
    for (std::size_t i = 0; i < 2 * SampleHistory::most_interfaces; i++)
        add(history, at("veth" + std::to_string(i), start), start);
    EXPECT_EQ(history.all({}).size(), SampleHistory::most_interfaces);
}

TEST(SampleHistory, WhatDoesNotCountHasNoRow)
{
    SampleHistory history;
    InterfaceScrape scrape = at("eth0", start);
    scrape.problem = "its counter is detached";
    add(history, scrape, start);
    EXPECT_TRUE(history.all({}).empty());
}

TEST(SampleHistory, ByName)
{
    SampleHistory history;
    for (const char* name : {"eth1", "eth0", "a\"\xff"})
        add(history, at(name, start), start);
    EXPECT_EQ(json_of(history)["interfaces"][0]["interface"], "a\"\xef\xbf\xbd");
    EXPECT_EQ(json_of(history, 1, 0, {"eth1"})["interfaces"].size(), 1U);
    EXPECT_TRUE(json_of(history, 1, 0, {"eth2"})["interfaces"].empty());
}

} // namespace

} // namespace xdpstat
