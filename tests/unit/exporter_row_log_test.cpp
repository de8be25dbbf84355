// SPDX-License-Identifier: BSD-2-Clause
#include <random>

#include <gtest/gtest.h>

#include "exporter/row_log.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t kept = 900;

bool same(const HistoryRow& a, const HistoryRow& b)
{
    return a.time == b.time && a.has_breakdown == b.has_breakdown && a.counters == b.counters;
}

/// Adds so many rows, each made from the one before; returns all of them.
template <class Next>
std::vector<HistoryRow> fill(RowLog& log, std::size_t count, Next next)
{
    std::vector<HistoryRow> rows;
    HistoryRow row{.time = 1795601897000, .has_breakdown = true, .counters = {}};
    for (std::size_t i = 0; i < count; i++) {
        next(row);
        rows.push_back(row);
        log.add(row);
    }
    return rows;
}

bool keeps_the_last_of(const RowLog& log, const std::vector<HistoryRow>& rows)
{
    const auto read = log.rows();
    const std::size_t count = std::min(rows.size(), kept);
    return read.size() == count &&
           std::equal(read.begin(), read.end(), rows.end() - static_cast<std::ptrdiff_t>(count), same);
}

TEST(RowLog, KeepsTheLastRowsExactly)
{
    std::mt19937_64 random(42);
    for (const std::size_t count : {0UL, 1UL, 59UL, 60UL, 61UL, 899UL, 900UL, 901UL, 959UL, 960UL, 5000UL}) {
        RowLog log(kept);
        const auto rows = fill(log, count, [&](HistoryRow& row) {
            // Clocks are set, counters attached anew, with the breakdown or without: nothing only grows.
            row.time += static_cast<std::int64_t>(random() % 3000) - 500;
            row.has_breakdown = random() % 16 != 0;
            for (auto& counter : row.counters)
                counter = random() % 8 == 0 ? random() : counter + random() % 1000;
        });
        EXPECT_TRUE(keeps_the_last_of(log, rows)) << count;
        EXPECT_EQ(log.latest(), rows.empty() ? 0 : rows.back().time);
    }
}

TEST(RowLog, AnyNumberThereIs)
{
    RowLog log(kept);
    constexpr std::uint64_t most = ~std::uint64_t{0};
    const std::array numbers{most,     std::uint64_t{0},   most / 2,          most / 2 + 1, std::uint64_t{1},
                             most - 1, std::uint64_t{127}, std::uint64_t{128}};
    std::size_t at = 0;
    const auto rows = fill(log, numbers.size() * 10, [&](HistoryRow& row) {
        row.time = at % 2 == 0 ? INT64_MIN : INT64_MAX;
        row.counters.fill(numbers[at++ % numbers.size()]);
    });
    EXPECT_TRUE(keeps_the_last_of(log, rows));
}

TEST(RowLog, TakesLittleMemory)
{
    RowLog idle(kept);
    (void)fill(idle, 3 * kept, [](HistoryRow& row) { row.time += 1000; });
    EXPECT_LT(idle.bytes(), 12 * kept);

    // A million packets a second, of two protocols and three sizes: what an interface under load has.
    RowLog busy(kept);
    (void)fill(busy, 3 * kept, [](HistoryRow& row) {
        row.time += 1000;
        for (std::size_t i = 0; i < history_counters; i += 3)
            row.counters[i] += 1'000'000 + i * 1000;
    });
    EXPECT_LT(busy.bytes(), 90 * kept);

    // Every counter at once, at ten million packets of a kilobyte.
    RowLog all(kept);
    (void)fill(all, 3 * kept, [](HistoryRow& row) {
        row.time += 1000;
        for (auto& counter : row.counters)
            counter += 10'000'000'000;
    });
    EXPECT_LT(all.bytes(), sizeof(HistoryRow) * kept * 9 / 10);
}

} // namespace

} // namespace xdpstat
