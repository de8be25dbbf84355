// SPDX-License-Identifier: BSD-2-Clause
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "view/map_metrics.hpp"

namespace xdpstat {

namespace {

using bpfxx::Value;
using bpfxx::ValueKind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Value integer(const char* name, std::int64_t number, bool is_signed = false)
{
    Value value;
    value.kind = ValueKind::integer;
    value.name = name;
    value.number = static_cast<bpfxx::Wide>(number);
    value.is_signed = is_signed;
    return value;
}

Value structure(std::vector<Value> parts)
{
    Value value;
    value.kind = ValueKind::structure;
    value.parts = std::move(parts);
    return value;
}

MapEntry entry(std::int64_t source, std::int64_t port)
{
    return {.key = structure({integer("source", source), integer("port", port)}),
            .cpu = std::nullopt,
            .value = structure({integer("packets", 5), integer("depth", 3), integer("delta", -2, true)}),
            .rates = std::nullopt};
}

std::string text_of(MapRules rules)
{
    MapScrape scrape{.name = "m",
                     .rules = std::make_shared<const MapRules>(std::move(rules)),
                     .entries = {entry(1, 80)},
                     .total = 9,
                     .left_out = 4,
                     .problem = {}};
    MetricsWriter writer(MetricsFormat::text);
    write_maps(writer, std::span(&scrape, 1));
    return writer.finish();
}

TEST(MapMetrics, WithoutRulesEveryIntegerIsTold)
{
    EXPECT_THAT(text_of({}),
                AllOf(HasSubstr("xdpstat_map_m_packets_total{map=\"m\",source=\"1\",port=\"80\"} 5\n"),
                      HasSubstr("# TYPE xdpstat_map_m_depth_total counter\n"),
                      HasSubstr("# TYPE xdpstat_map_m_delta gauge\n"),
                      HasSubstr("xdpstat_map_m_delta{map=\"m\",source=\"1\",port=\"80\"} -2\n"),
                      HasSubstr("xdpstat_map_entries{map=\"m\"} 9\n"),
                      HasSubstr("xdpstat_map_entries_left_out{map=\"m\"} 4\n")));
}

TEST(MapMetrics, RulesSayWhatIsToldAndAsWhat)
{
    MapRules rules;
    rules.gauges = {"depth"};
    rules.counters = {"delta"};
    rules.fields = {"depth", "delta"};
    rules.labels = {"port"};
    EXPECT_THAT(text_of(rules),
                AllOf(HasSubstr("# TYPE xdpstat_map_m_depth gauge\n"),
                      HasSubstr("xdpstat_map_m_depth{map=\"m\",port=\"80\"} 3\n"),
                      HasSubstr("# TYPE xdpstat_map_m_delta_total counter\n"), Not(HasSubstr("packets"))));
    const MapEntry one = entry(1, 80);
    EXPECT_EQ(series_of(one.value, rules), 2U);
    EXPECT_EQ(series_of(one.value, {}), 3U);
    EXPECT_EQ(map_labels("m", one.key, rules), map_labels("m", entry(2, 80).key, rules));
    rules.labels = std::set<std::string>{};
    EXPECT_EQ(map_labels("m", one.key, rules), "map=\"m\"");
}

TEST(MapMetrics, FieldsAreCalledByTheirPathWithoutIndexes)
{
    Value cells;
    cells.kind = ValueKind::array;
    cells.name = "cells";
    cells.parts = {structure({integer("bytes", 1)}), structure({integer("bytes", 2)})};
    EXPECT_THAT(series_fields(structure({integer("a", 1), cells})), ElementsAre("a", "cells.bytes"));
    EXPECT_THAT(series_fields(integer("", 1)), ElementsAre("value"));
    EXPECT_THAT(label_fields(entry(1, 2).key), ElementsAre("source", "port"));
    EXPECT_THAT(label_fields(integer("", 1)), ElementsAre("key"));
}

} // namespace

} // namespace xdpstat
