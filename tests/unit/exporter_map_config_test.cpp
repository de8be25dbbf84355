// SPDX-License-Identifier: BSD-2-Clause
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "exporter/map_config.hpp"

namespace xdpstat {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MapConfig : public testing::Test {
protected:
    void SetUp() override
    {
        folder_ = testing::TempDir() + "xdpstatXXXXXX";
        ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string file() const { return folder_ + "/maps.yml"; }
    bpfxx::Result<std::vector<MapTarget>> read(const std::string& text) const
    {
        std::ofstream(file()) << text;
        return read_map_config(file(), 1000);
    }
    /// What is wrong, without the words around it.
    std::string wrong(const std::string& text) const
    {
        const auto targets = read(text);
        if (targets)
            return "nothing";
        EXPECT_EQ(targets.error().kind(), bpfxx::ErrorKind::invalid);
        const std::string message(targets.error().message());
        const std::string before = "cannot use the configuration of maps " + file() + ":";
        EXPECT_TRUE(message.starts_with(before)) << message;
        return message.substr(before.size(), message.rfind(';') - before.size());
    }

private:
    std::string folder_;
};

TEST_F(MapConfig, IsRead)
{
    const auto targets = read("maps:\n"
                              "  - pin: /sys/fs/bpf/flows-v2\n"
                              "  - pin: /sys/fs/bpf/other\n"
                              "    name: queue\n"
                              "    series: 50\n"
                              "    fields: [depth, peer.bytes, delta]\n"
                              "    gauges: [depth]\n"
                              "    counters: [delta]\n"
                              "    labels: []\n");
    ASSERT_TRUE(targets) << targets.error().message();
    ASSERT_EQ(targets->size(), 2U);
    const MapTarget& plain = (*targets)[0];
    EXPECT_EQ(plain.name, "flows_v2");
    EXPECT_EQ(plain.pin, "/sys/fs/bpf/flows-v2");
    EXPECT_EQ(plain.most_series, 1000U);
    EXPECT_FALSE(plain.rules.fields || plain.rules.labels);
    EXPECT_TRUE(plain.mentions.empty());
    const MapTarget& chosen = (*targets)[1];
    EXPECT_EQ(chosen.name, "queue");
    EXPECT_EQ(chosen.most_series, 50U);
    ASSERT_TRUE(chosen.rules.fields && chosen.rules.labels);
    EXPECT_THAT(*chosen.rules.fields, ElementsAre("delta", "depth", "peer.bytes"));
    EXPECT_THAT(chosen.rules.gauges, ElementsAre("depth"));
    EXPECT_THAT(chosen.rules.counters, ElementsAre("delta"));
    EXPECT_TRUE(chosen.rules.labels->empty());
    EXPECT_EQ(chosen.mentions.front().where, file() + ":6: maps[1].fields");
    EXPECT_TRUE(read("maps: []\n")->empty());
}

TEST_F(MapConfig, WhatIsWrongIsToldWithItsLineAndField)
{
    EXPECT_EQ(wrong(""), "1: there is no field maps");
    EXPECT_EQ(wrong("- a\n"), "1: the file is no map");
    EXPECT_EQ(wrong("map: []\n"), "1: unknown field map");
    EXPECT_EQ(wrong("maps: 5\n"), "1: maps is no list: give - pin: PATH");
    EXPECT_EQ(wrong("maps:\n  - /a/b\n"), "2: maps[0] is no map of fields: give - pin: PATH");
    EXPECT_EQ(wrong("maps:\n  - name: a\n"), "2: maps[0] has no pin");
    EXPECT_EQ(wrong("maps:\n  - pin: flows\n"), "2: maps[0].pin is no path");
    EXPECT_EQ(wrong("maps:\n  - pin: [a]\n"), "2: maps[0].pin has a value of the wrong kind");
    EXPECT_THAT(wrong("maps:\n  - pin: /a\n    name: 0b\n"),
                HasSubstr("3: maps[0].name is 0b: a name is made of"));
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    gauge: [x]\n"), "3: unknown field maps[0].gauge");
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    pin: /b\n"), "3: maps[0].pin is there twice");
    for (const char* series : {"0", "-1", "1000001"})
        EXPECT_EQ(wrong("maps:\n  - pin: /a\n    series: " + std::string(series) + "\n"),
                  "3: maps[0].series is not from 1 to 1000000");
    for (const char* series : {"x", "1.5", "[1]", "1e99", "99999999999999999999"})
        EXPECT_EQ(wrong("maps:\n  - pin: /a\n    series: " + std::string(series) + "\n"),
                  "3: maps[0].series has a value of the wrong kind");
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    gauges: x\n"),
              "3: maps[0].gauges is no list: give [FIELD, ...]");
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    gauges: [x,\n      x]\n"), "4: maps[0].gauges has x twice");
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    gauges: [[x]]\n"),
              "3: maps[0].gauges has a value of the wrong kind");
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    gauges: [x]\n    counters: [x]\n"),
              "2: maps[0]: x is both a gauge and a counter");
    EXPECT_EQ(wrong("maps:\n  - pin: /a\n    fields: [y]\n    gauges: [x]\n"),
              "2: maps[0]: x is none of its fields, and would not be told");
    EXPECT_THAT(wrong("maps:\n  - pin: /a/x\n  - pin: /b/x\n"), HasSubstr("3: two maps have the name x"));
    EXPECT_THAT(wrong("maps: [\n"), HasSubstr("2: "));
    EXPECT_THAT(wrong(std::string(100000, '[')), HasSubstr("1: "));
    EXPECT_NE(wrong(std::string("\0\xff\xfe", 3)), "nothing");
}

TEST_F(MapConfig, AFileThatCannotBeReadIsToldOf)
{
    EXPECT_EQ(read_map_config(file(), 1).error().kind(), bpfxx::ErrorKind::not_found);
    EXPECT_THAT(std::string(read_map_config(testing::TempDir(), 1).error().message()),
                HasSubstr("Is a directory"));
}

TEST(MapTarget, OfTheCommandLine)
{
    const auto target = parse_map_target("f=/sys/fs/bpf/a=b", 7);
    ASSERT_TRUE(target);
    EXPECT_EQ(target->name, "f");
    EXPECT_EQ(target->pin, "/sys/fs/bpf/a=b");
    EXPECT_EQ(target->most_series, 7U);
    EXPECT_EQ(parse_map_target("/sys/fs/bpf/a=b", 7)->name, "a_b");
    EXPECT_FALSE(parse_map_target("flows", 7));
    EXPECT_FALSE(parse_map_target("0f=/a", 7));

    std::vector<MapTarget> targets{*target};
    targets[0].rules.counters = {"peer.delta"};
    ASSERT_TRUE(add_gauge(targets, "f.peer.delta"));
    EXPECT_THAT(targets[0].rules.gauges, ElementsAre("peer.delta"));
    EXPECT_TRUE(targets[0].rules.counters.empty());
    for (const char* bad : {"g.depth", "f", ".depth", ""})
        EXPECT_THAT(std::string(add_gauge(targets, bad).error().message()), HasSubstr("give MAP.FIELD"))
            << bad;
}

} // namespace

} // namespace xdpstat
