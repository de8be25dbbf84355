// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "view/line.hpp"
#include "view/rate_line.hpp"
#include "view/show_csv.hpp"
#include "view/show_json.hpp"
#include "view/show_text.hpp"
#include "view/status.hpp"
#include "view_samples.hpp"

namespace xdpstat {

namespace {

using samples::expect_golden;

constexpr __u64 most = 18446744073709551615ULL;

/// All that a person may attach to at once.
std::vector<Reading> forty()
{
    std::vector<Reading> readings;
    for (int i = 0; i < 40; i++)
        readings.push_back(samples::mixed("veth" + std::to_string(i) + "-0123456789"));
    return readings;
}

void expect_within(const std::string& text, std::size_t width)
{
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(display_width(line), width) << line;
}

TEST(ShowText, GoldenPages)
{
    const std::vector<Reading> one{samples::mixed()};
    expect_golden("show_mixed.txt", show_text(one, {}));
    expect_golden("show_mixed_ascii.txt", show_text(one, {.color = false, .utf8 = false}));
    expect_golden("show_mixed_color.txt", show_text(one, {.color = true, .utf8 = true}));
    expect_golden("show_empty.txt", show_text(std::vector{samples::empty()}, {}));
    expect_golden("show_full.txt", show_text(std::vector{samples::full()}, {}));
    expect_golden("show_no_breakdown.txt", show_text(std::vector{samples::without_breakdown()}, {}));
    expect_golden("show_two.txt", show_text(std::vector{samples::mixed(), samples::mixed("eth1")}, {}));
}

TEST(ShowText, SaysThatNothingIsCountedAnyMore)
{
    Reading reading = samples::mixed();
    reading.instance.ifindex = 0;
    reading.instance.mode = mode_detached;
    expect_golden("show_detached.txt", show_text(std::vector{reading}, {}));
}

TEST(ShowText, SaysThatTheLayoutIsUnknown)
{
    Reading reading = samples::mixed();
    reading.instance.layout.reset();
    EXPECT_NE(show_text(std::vector{reading}, {}).find("eth0  native, layout unknown, since 2026-"),
              std::string::npos);
}

TEST(ShowText, FitsEightyColumns)
{
    Reading longest = samples::full("enp0s31f6np0123");
    longest.instance.mode = mode_elsewhere;
    longest.instance.since -= std::chrono::hours(24 * 4000);
    for (const bool utf8 : {true, false})
        expect_within(show_text(std::vector{longest, samples::mixed()}, {.color = false, .utf8 = utf8}), 80);
    expect_within(show_text(forty(), {}), 80);
}

TEST(ShowText, AsciiIsAscii)
{
    const std::string text =
        show_text(std::vector{samples::mixed(), samples::full()}, {.color = false, .utf8 = false});
    for (const char c : text)
        ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
}

TEST(ShowText, SumsBreakDownOnlyWhatAllBreakDown)
{
    const std::string text = show_text(std::vector{samples::mixed(), samples::without_breakdown("eth1")}, {});
    const std::string sum = text.substr(text.find("Sum of 2 interfaces"));
    EXPECT_NE(sum.find("3,023,790"), std::string::npos);
    EXPECT_EQ(sum.find("Frame size"), std::string::npos);
}

TEST(ShowText, NothingToShow)
{
    EXPECT_EQ(show_text({}, {}), "");
}

TEST(ShowJson, Golden)
{
    expect_golden("show_mixed.json", show_json(std::vector{samples::mixed()}));
    expect_golden("show_several.json", show_json(std::vector{samples::full(), samples::empty("eth1"),
                                                             samples::without_breakdown("eth2")}));
}

TEST(ShowJson, IntegersAreExact)
{
    const auto document = nlohmann::json::parse(show_json(std::vector{samples::full()}));
    EXPECT_EQ(document["schema"], "xdpstat.show/1");
    const auto& interface = document["interfaces"][0];
    for (const char* counter : {"total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets",
                                "other_packets", "ipv4_packets", "ipv6_packets"})
        EXPECT_EQ(interface["stats"][counter].get<std::uint64_t>(), most) << counter;
    EXPECT_EQ(interface["traffic"]["cells"].size(), 1U);
    EXPECT_EQ(interface["traffic"]["cells"][0]["bytes"].get<std::uint64_t>(), most);
}

TEST(ShowJson, SumsAgreeWithTheCells)
{
    const Reading reading = samples::mixed();
    const auto document = nlohmann::json::parse(show_json(std::vector{reading}));
    const auto& traffic = document["interfaces"][0]["traffic"];
    for (const char* side : {"network", "transport", "size"}) {
        for (const auto& [key, sum] : traffic[std::string("by_") + side].items()) {
            std::uint64_t packets = 0;
            std::uint64_t bytes = 0;
            for (const auto& cell : traffic["cells"]) {
                if (cell[side] != key)
                    continue;
                packets += cell["packets"].get<std::uint64_t>();
                bytes += cell["bytes"].get<std::uint64_t>();
            }
            EXPECT_EQ(sum["packets"].get<std::uint64_t>(), packets) << side << " " << key;
            EXPECT_EQ(sum["bytes"].get<std::uint64_t>(), bytes) << side << " " << key;
        }
    }
}

TEST(ShowJson, WithoutABreakdownThereIsNoTraffic)
{
    const auto document = nlohmann::json::parse(show_json(std::vector{samples::without_breakdown()}));
    EXPECT_FALSE(document["interfaces"][0].contains("traffic"));
}

TEST(ShowJson, TakesAnyName)
{
    const auto document = nlohmann::json::parse(show_json(std::vector{samples::empty("a\"\\\033\xff")}));
    EXPECT_EQ(document["interfaces"][0]["interface"], "a\"\\\033\xef\xbf\xbd");
}

TEST(ShowJson, NoInterfaces)
{
    const auto document = nlohmann::json::parse(show_json({}));
    EXPECT_TRUE(document["interfaces"].is_array());
    EXPECT_TRUE(document["interfaces"].empty());
}

TEST(ShowCsv, Golden)
{
    expect_golden("show_mixed.csv", show_csv(std::vector{samples::mixed()}));
    expect_golden("show_several.csv", show_csv(std::vector{samples::full(), samples::empty("eth1"),
                                                           samples::without_breakdown("eth2")}));
}

TEST(ShowCsv, QuotesAsRfc4180Says)
{
    const std::string text = show_csv(std::vector{samples::empty("a,\"b\"")});
    EXPECT_NE(text.find("\n\"a,\"\"b\"\"\",2026-11-23T10:25:12.042Z,total_packets,,,,0\n"),
              std::string::npos);
}

TEST(ShowCsv, EveryRowHasEveryColumn)
{
    std::istringstream lines(show_csv(std::vector{samples::mixed(), samples::full()}));
    for (std::string line; std::getline(lines, line);)
        EXPECT_EQ(std::ranges::count(line, ','), 6) << line;
}

std::vector<StatusRow> status_rows()
{
    Instance native = samples::mixed("eth0").instance;
    Instance generic = samples::mixed("enp0s31f6np0123").instance;
    generic.mode = "generic";
    generic.layout = SlotLayout::shared;
    Instance detached = samples::mixed("veth\033[2J").instance;
    detached.mode = mode_detached;
    detached.program_tag.clear();
    Instance forbidden = samples::mixed("eth1").instance;
    forbidden.ifindex = 0;
    forbidden.mode = mode_unknown;
    forbidden.program_id = 0;
    forbidden.program_tag.clear();
    forbidden.layout.reset();
    forbidden.breakdown.reset();
    return {{native, samples::mixed().snapshot.stats},
            {generic, samples::full().snapshot.stats},
            {detached, {}},
            {forbidden, {}}};
}

TEST(Status, Golden)
{
    const auto rows = status_rows();
    expect_golden("status.txt", status_text(rows, {}));
    expect_golden("status_color.txt", status_text(rows, {.color = true, .utf8 = true}));
    expect_golden("status.json", status_json(rows));
}

/// A counter among others, itself at a position.
DispatcherPlace place(std::size_t position, std::vector<DispatchedProgram> programs)
{
    return DispatcherPlace{.program_id = 41, .programs = std::move(programs), .position = position};
}

const DispatchedProgram ours{.id = 40, .name = "xdp_counter", .tag = "3b185187f1855c4c"};
const DispatchedProgram filter{.id = 12, .name = "xdp_filter", .tag = "57cd311f2e27366b"};
const DispatchedProgram strange{.id = 13, .name = "\x1b[31mred", .tag = ""};

TEST(Status, SaysThatTheFirstInADispatcherCountsAll)
{
    EXPECT_EQ(describe(place(0, {ours})), "alone in a dispatcher, which others may join");
    EXPECT_EQ(describe(place(0, {ours, filter})), "first of 2 in a dispatcher: it counts every frame");
}

TEST(Status, NamesWhatHidesFramesFromACounterInADispatcher)
{
    EXPECT_EQ(describe(place(1, {filter, ours})),
              "behind 'xdp_filter' (id 12) in a dispatcher: what that drops is not counted");
    EXPECT_EQ(
        describe(place(2, {filter, strange, ours})),
        "behind 'xdp_filter' (id 12), '?[31mred' (id 13) in a dispatcher: what those drop is not counted");
}

TEST(Status, HasALineAndAFieldForACounterInADispatcher)
{
    auto rows = status_rows();
    rows[0].instance.dispatcher = place(1, {filter, ours});
    EXPECT_TRUE(status_text(rows, {}).ends_with(
        "eth0: behind 'xdp_filter' (id 12) in a dispatcher: what that drops is not counted\n"));
    const auto document = nlohmann::json::parse(status_json(rows));
    EXPECT_FALSE(document["interfaces"][1].contains("dispatcher"));
    const auto& fields = document["interfaces"][0]["dispatcher"];
    EXPECT_EQ(fields["program_id"], 41);
    EXPECT_EQ(fields["position"], 1);
    EXPECT_EQ(fields["programs"][0]["program_name"], "xdp_filter");
    EXPECT_EQ(fields["programs"][1]["program_tag"], ours.tag);
}

TEST(Status, CountsThatCannotBeReadAreNotZero)
{
    const auto document = nlohmann::json::parse(status_json(status_rows()));
    EXPECT_TRUE(document["interfaces"][2]["stats"].is_null());
    EXPECT_EQ(document["interfaces"][1]["stats"]["total_packets"].get<std::uint64_t>(), most);
}

TEST(Status, WhatWasNotReadIsNoLayout)
{
    const auto document = nlohmann::json::parse(status_json(status_rows()));
    EXPECT_EQ(document["interfaces"][1]["layout"], "shared");
    EXPECT_EQ(document["interfaces"][1]["breakdown"], true);
    EXPECT_TRUE(document["interfaces"][3]["layout"].is_null());
    EXPECT_TRUE(document["interfaces"][3]["breakdown"].is_null());
}

TEST(RateLine, Golden)
{
    WatchedInterface busy = samples::watched(samples::mixed());
    WatchedInterface full = samples::watched(samples::full());
    WatchedInterface quiet = samples::watched(samples::empty("enp0s31f6np0123"));
    quiet.rates.seconds = 10;
    quiet.rates.stats.total_packets = 3;
    quiet.rates.stats.icmp_packets = 3;
    std::string text = rate_line_header();
    for (const auto& watched : {busy, full, quiet})
        text += rate_line(samples::moment(), watched.instance.interface, watched.rates);
    expect_golden("rate_lines.txt", text);
}

TEST(RateLine, HasTheColumnsOfItsHeader)
{
    const auto words = [](const std::string& text) {
        std::istringstream stream(text);
        std::size_t count = 0;
        for (std::string word; stream >> word;)
            count++;
        return count;
    };
    const WatchedInterface watched = samples::watched(samples::full("\033[31m"));
    const std::string line = rate_line(samples::moment(), watched.instance.interface, watched.rates);
    EXPECT_EQ(words(line), words(rate_line_header()));
    EXPECT_EQ(line.find('\033'), std::string::npos);
}

} // namespace

} // namespace xdpstat
