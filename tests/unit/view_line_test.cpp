// SPDX-License-Identifier: BSD-2-Clause
#include "view/line.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "view/graph.hpp"
#include "view/history.hpp"

namespace xdpstat {

namespace {

TEST(Line, MeasuresColumnsAndNotBytes)
{
    EXPECT_EQ(display_width("eth0"), 4U);
    EXPECT_EQ(display_width("█▏"), 2U);
    EXPECT_EQ(display_width("网卡"), 4U);
    EXPECT_EQ(display_width("🦀0"), 3U);
    EXPECT_EQ(display_width("e\xcc\x81"), 1U) << "a letter and the accent on it";
    EXPECT_EQ(display_width("\xff"), 1U);
}

TEST(Line, PadsAndAlignsToColumns)
{
    Line line("a");
    line.pad_to(3).add("b").add_right("12", 8);
    EXPECT_EQ(line.plain(), "a  b  12");
    line.pad_to(2);
    EXPECT_EQ(line.width(), 8U);
    line.add_right("beyond", 9);
    EXPECT_EQ(line.plain(), "a  b  12beyond");
}

TEST(Line, TruncatesBetweenCharacters)
{
    Line line("ab");
    line.add("网", Style::strong).add("z");
    Line cut = line;
    cut.truncate(3);
    EXPECT_EQ(cut.plain(), "ab") << "half of a wide character cannot be drawn";
    cut = line;
    cut.truncate(4);
    EXPECT_EQ(cut.plain(), "ab网");
    cut.truncate(0);
    EXPECT_EQ(cut.plain(), "");
}

TEST(Line, ColorsOnlyWhenTold)
{
    Line line("a");
    line.add("b", Style::tcp);
    EXPECT_EQ(to_text({line}, false), "ab\n");
    EXPECT_EQ(to_text({line}, true), "a\033[36mb\033[0m\n");
}

TEST(Bar, ShowsWhatIsThereAndFillsOnlyForAll)
{
    EXPECT_EQ(bar(0, 10, 4, true), "");
    EXPECT_EQ(bar(0, 0, 4, true), "");
    EXPECT_EQ(bar(1, 1e18, 4, true), "▏");
    EXPECT_EQ(bar(5, 10, 4, true), "██");
    EXPECT_EQ(bar(1e18 - 1e9, 1e18, 2, true), "█▉");
    EXPECT_EQ(bar(10, 10, 4, true), "████");
    EXPECT_EQ(bar(20, 10, 4, true), "████");
    EXPECT_EQ(bar(5, 10, 4, false), "##");
    EXPECT_EQ(bar(1, 1e18, 4, false), "-");
    EXPECT_EQ(bar(5, 10, 0, true), "");
}

TEST(Graph, ScalesToTheLargest)
{
    EXPECT_EQ(graph({0, 1, 2, 4, 8}, 1, true), (std::vector<std::string>{" ▁▂▄█"}));
    EXPECT_EQ(graph({0, 8}, 2, true), (std::vector<std::string>{" █", " █"}));
    EXPECT_EQ(graph({4, 8}, 2, true), (std::vector<std::string>{" █", "██"}));
    EXPECT_EQ(graph({0, 1e-9, 8}, 1, false), (std::vector<std::string>{" .|"}));
    EXPECT_EQ(graph({}, 1, true), (std::vector<std::string>{""}));
    EXPECT_EQ(graph({0, 0}, 1, true), (std::vector<std::string>{"  "}));
}

Rates rates_of(double seconds, __u64 packets)
{
    Rates rates;
    rates.seconds = seconds;
    rates.stats.total_packets = packets;
    rates.stats.total_bytes = packets * 100;
    return rates;
}

TEST(History, StartsEmpty)
{
    EXPECT_TRUE(History().packet_rates(10).empty());
    EXPECT_EQ(History().span(), std::chrono::seconds(0));
}

TEST(History, TakesNoRateWithoutTime)
{
    History history;
    history.add(rates_of(0, 5));
    EXPECT_TRUE(history.packet_rates(10).empty());
}

TEST(History, KeepsEachSampleWhereItFits)
{
    History history;
    history.add(rates_of(1, 5));
    history.add(rates_of(2, 8));
    EXPECT_EQ(history.packet_rates(10), (std::vector<double>{5, 4}));
    EXPECT_EQ(history.byte_rates(10), (std::vector<double>{500, 400}));
    EXPECT_EQ(history.span(), std::chrono::seconds(3));
    EXPECT_TRUE(history.packet_rates(0).empty());
}

TEST(History, JoinsShortSamples)
{
    History history;
    for (int i = 0; i < 20; i++)
        history.add(rates_of(0.05, 1));
    EXPECT_EQ(history.packet_rates(100).size(), 2U);
    EXPECT_EQ(history.span(), std::chrono::seconds(1));
}

TEST(History, ForgetsTheOldestAndKeepsTheBursts)
{
    History history;
    for (std::size_t i = 0; i < 3 * History::capacity; i++)
        history.add(rates_of(1, i == 2 * History::capacity + 300 ? 1000 : 1));
    EXPECT_EQ(history.span(), std::chrono::seconds(History::capacity));
    for (const std::size_t columns : {1U, 7U, 59U, 600U, 1000U}) {
        const auto values = history.packet_rates(columns);
        EXPECT_LE(values.size(), columns);
        EXPECT_EQ(*std::ranges::max_element(values), 1000) << columns << " columns";
    }
}

} // namespace

} // namespace xdpstat
