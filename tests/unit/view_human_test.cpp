// SPDX-License-Identifier: BSD-2-Clause
#include "view/human.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "view_samples.hpp"

namespace xdpstat {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

TEST(Human, GroupsEveryDigit)
{
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(123456), "123,456");
    EXPECT_EQ(grouped(most), "18,446,744,073,709,551,615");
    EXPECT_EQ(grouped((1ULL << 53) + 1), "9,007,199,254,740,993");
}

TEST(Human, Bytes)
{
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(1), "1 B");
    EXPECT_EQ(human_bytes(1023), "1023 B");
    EXPECT_EQ(human_bytes(1024), "1.0 KiB");
    EXPECT_EQ(human_bytes(1536 * 1024), "1.5 MiB");
    EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB") << "1024 KiB is never shown";
    EXPECT_EQ(human_bytes(102348), "99.9 KiB");
    EXPECT_EQ(human_bytes(102400), "100 KiB");
    EXPECT_EQ(human_bytes(most), "16.0 EiB");
}

TEST(Human, Rates)
{
    EXPECT_EQ(human_rate(0, "pps"), "0 pps");
    EXPECT_EQ(human_rate(0.01, "pps"), "0.1 pps") << "what is there is never shown as nothing";
    EXPECT_EQ(human_rate(0.34, "pps"), "0.3 pps");
    EXPECT_EQ(human_rate(9.94, "pps"), "9.9 pps");
    EXPECT_EQ(human_rate(9.96, "pps"), "10 pps");
    EXPECT_EQ(human_rate(999.4, "pps"), "999 pps");
    EXPECT_EQ(human_rate(999.5, "pps"), "1.00 kpps");
    EXPECT_EQ(human_rate(1.2e6, "pps"), "1.20 Mpps");
    EXPECT_EQ(human_rate(940e6, "bit/s"), "940 Mbit/s");
    EXPECT_EQ(human_rate(9.996e3, "B/s"), "10.0 kB/s");
    EXPECT_EQ(human_rate(999.6e3, "B/s"), "1.00 MB/s");
    EXPECT_EQ(human_rate(8 * static_cast<double>(most), "bit/s"), "148 Ebit/s");
    EXPECT_EQ(human_rate(-1, "pps"), "0 pps");
}

TEST(Human, SharesSayNothingAndEverythingOnlyWhereTrue)
{
    EXPECT_EQ(human_share(0, 0), "0%");
    EXPECT_EQ(human_share(0, 5), "0%");
    EXPECT_EQ(human_share(1, most), "<0.1%");
    EXPECT_EQ(human_share(1, 1000), "0.1%");
    EXPECT_EQ(human_share(1, 3), "33.3%");
    EXPECT_EQ(human_share(999, 1000), "99.9%");
    EXPECT_EQ(human_share(most - 1, most), ">99.9%");
    EXPECT_EQ(human_share(9995, 10000), ">99.9%");
    EXPECT_EQ(human_share(most, most), "100%");
    EXPECT_EQ(human_share(1, 1), "100%");
}

TEST(Human, Durations)
{
    EXPECT_EQ(human_duration(-5s), "0s");
    EXPECT_EQ(human_duration(0s), "0s");
    EXPECT_EQ(human_duration(59s), "59s");
    EXPECT_EQ(human_duration(60s), "1m 0s");
    EXPECT_EQ(human_duration(3h + 12min + 59s), "3h 12m");
    EXPECT_EQ(human_duration(24h), "1d 0h");
    EXPECT_EQ(human_duration(24h * 4000 + 23h), "4000d 23h");
}

TEST(Human, Times)
{
    EXPECT_EQ(human_time(samples::moment()), "2026-11-23 10:25:12 UTC");
    EXPECT_EQ(rfc3339(samples::moment()), "2026-11-23T10:25:12.042Z");
    EXPECT_EQ(rfc3339({}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(std::chrono::system_clock::time_point(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Human, NamesCannotDriveTheTerminal)
{
    EXPECT_EQ(printable("eth0"), "eth0");
    EXPECT_EQ(printable("\033[2Jx"), "?[2Jx");
    EXPECT_EQ(printable("a\x7f\x01"), "a??");
    EXPECT_EQ(printable("b\xc2\x9b"
                        "c"),
              "b?c")
        << "a control character of two bytes";
    EXPECT_EQ(printable("grün0"), "grün0");
    EXPECT_EQ(printable("\xff\xc3"), "??") << "no UTF-8";
    EXPECT_EQ(printable("\xc0\xaf"), "??") << "an overlong form";
    EXPECT_EQ(printable("\xed\xa0\x80"), "???") << "a surrogate";
    EXPECT_EQ(printable("x\xe2\x80\xaey"), "x?y") << "right-to-left override";
}

} // namespace

} // namespace xdpstat
