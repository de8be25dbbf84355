// SPDX-License-Identifier: BSD-2-Clause
#include "view/watch_screen.hpp"

#include <gtest/gtest.h>

#include "view_samples.hpp"

namespace xdpstat {

namespace {

using samples::expect_golden;
using samples::facts;
using samples::plain;

std::vector<Reading> many(std::size_t count)
{
    std::vector<Reading> readings;
    for (std::size_t i = 0; i < count; i++)
        readings.push_back(samples::mixed("veth" + std::to_string(i) + "-0123456789"));
    return readings;
}

bool shows(const std::vector<Line>& screen, const std::string& text)
{
    return plain(screen).find(text) != std::string::npos;
}

TEST(WatchScreen, GoldenScreens)
{
    const WatchFacts one = facts({samples::mixed()});
    expect_golden("watch_80x24.txt", plain(watch_screen(one, {80, 24})));
    expect_golden("watch_40x10.txt", plain(watch_screen(one, {40, 10})));
    expect_golden("watch_60x40.txt", plain(watch_screen(one, {60, 40})));
    expect_golden("watch_200x50.txt", plain(watch_screen(one, {200, 50})));

    WatchFacts ascii = one;
    ascii.utf8 = false;
    ascii.bytes = true;
    expect_golden("watch_80x24_ascii.txt", plain(watch_screen(ascii, {80, 24})));
}

TEST(WatchScreen, SeveralInterfaces)
{
    WatchFacts several = facts(
        {samples::mixed("eth0"), samples::full(), samples::without_breakdown("wlan0"), samples::empty("lo")});
    several.interfaces[3].state = WatchState::gone;
    several.interfaces[3].rates = {};
    several.selected = 2;
    expect_golden("watch_several.txt", plain(watch_screen(several, {80, 30})));
}

TEST(WatchScreen, NeverLargerThanTheScreen)
{
    for (const std::size_t count : {1U, 40U}) {
        WatchFacts all = facts(many(count));
        all.interfaces.back() = samples::watched(samples::full("网卡🦀\033"));
        all.interfaces.back().state = WatchState::detached;
        all.interfaces.back().new_instance = true;
        for (const bool utf8 : {true, false}) {
            all.utf8 = utf8;
            for (const std::size_t selected : {std::size_t{0}, count - 1}) {
                all.selected = selected;
                for (std::size_t width = 1; width <= 220; width += width < 90 ? 1 : 13) {
                    for (const std::size_t height :
                         {1U, 2U, 3U, 5U, 10U, 13U, 14U, 18U, 24U, 25U, 50U, 100U}) {
                        const auto screen = watch_screen(all, {width, height});
                        ASSERT_LE(screen.size(), height) << width << "x" << height;
                        for (const Line& line : screen) {
                            ASSERT_LE(line.width(), width) << line.plain();
                            ASSERT_LE(display_width(line.plain()), width) << line.plain();
                        }
                    }
                }
            }
        }
    }
}

TEST(WatchScreen, SmallScreensKeepWhatMatters)
{
    const auto screen = watch_screen(facts({samples::mixed()}), {40, 10});
    for (const char* text : {"eth0", "native", "1.51 Mpps", "Gbit/s", "ICMP", "TCP", "UDP", "other", "total"})
        EXPECT_TRUE(shows(screen, text)) << text;
}

TEST(WatchScreen, NormalScreensShowEverything)
{
    for (const ScreenSize size : {ScreenSize{80, 24}, ScreenSize{60, 40}, ScreenSize{300, 80}}) {
        const auto screen = watch_screen(facts({samples::mixed()}), size);
        for (const char* text : {"Protocol", "IP version", "not IP", "Frame size", "1519-9018", "over 9018",
                                 "total", "1,511,895", "quit"})
            EXPECT_TRUE(shows(screen, text)) << text << " at " << size.width << "x" << size.height;
    }
}

TEST(WatchScreen, SaysWhatBecameOfTheCounter)
{
    WatchFacts one = facts({samples::mixed()});
    one.interfaces[0].state = WatchState::gone;
    EXPECT_TRUE(shows(watch_screen(one, {40, 10}), "interface is gone"));
    one.interfaces[0].state = WatchState::detached;
    EXPECT_TRUE(shows(watch_screen(one, {40, 10}), "counter was detached"));
    one.interfaces[0].state = WatchState::counting;
    one.interfaces[0].new_instance = true;
    EXPECT_TRUE(shows(watch_screen(one, {40, 10}), "New counter, attached 07:13:12 UTC"));
}

TEST(WatchScreen, SaysThatTheLayoutIsUnknown)
{
    WatchFacts one = facts({samples::mixed()});
    EXPECT_TRUE(shows(watch_screen(one, {80, 24}), "eth0  native, percpu, every "));
    one.interfaces[0].instance.layout.reset();
    EXPECT_TRUE(shows(watch_screen(one, {80, 24}), "eth0  native, layout unknown, every "));
}

TEST(WatchScreen, SaysThatItIsPaused)
{
    WatchFacts one = facts({samples::mixed()});
    EXPECT_FALSE(shows(watch_screen(one, {40, 10}), "PAUSED"));
    one.paused = true;
    EXPECT_TRUE(shows(watch_screen(one, {40, 10}), "PAUSED"));
}

TEST(WatchScreen, HasNoRateBeforeTheFirstInterval)
{
    WatchFacts one;
    one.interfaces.emplace_back();
    one.interfaces[0].instance = samples::mixed().instance;
    one.interfaces[0].latest = samples::mixed().snapshot;
    const auto screen = watch_screen(one, {80, 24});
    EXPECT_FALSE(shows(screen, "pps"));
    EXPECT_TRUE(shows(screen, "1,511,895"));
}

TEST(WatchScreen, ScrollsToTheSelectedInterface)
{
    WatchFacts all = facts(many(40));
    for (std::size_t i = 0; i < 40; i++) {
        all.selected = i;
        for (const std::size_t height : {10U, 24U, 60U})
            EXPECT_EQ(watch_screen(all, {80, height})[0].plain().find("veth" + std::to_string(i) + "-"), 0U);
        const auto screen = watch_screen(all, {80, 24});
        bool selected = false;
        for (const Line& line : screen)
            for (const Span& span : line.spans())
                selected = selected || span.style == Style::selected;
        EXPECT_TRUE(selected) << i;
    }
}

TEST(WatchScreen, NothingToShow)
{
    EXPECT_TRUE(watch_screen({}, {80, 24}).empty());
    EXPECT_TRUE(watch_screen(facts({samples::mixed()}), {0, 24}).empty());
}

} // namespace

} // namespace xdpstat
