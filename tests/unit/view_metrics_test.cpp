// SPDX-License-Identifier: BSD-2-Clause
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "view/metrics.hpp"
#include "view/show_json.hpp"
#include "view/traffic_parts.hpp"
#include "view_samples.hpp"

namespace xdpstat {

namespace {

using samples::expect_golden;
using testing::HasSubstr;
using testing::Not;

InterfaceScrape scrape_of(const Reading& reading)
{
    InterfaceScrape scrape;
    scrape.interface = reading.instance.interface;
    scrape.instance = reading.instance;
    scrape.snapshot = reading.snapshot;
    scrape.sums = sums_of(reading.snapshot.traffic);
    return scrape;
}

InterfaceScrape failed(const std::string& interface)
{
    InterfaceScrape scrape;
    scrape.interface = interface;
    scrape.problem = "nothing is attached to it";
    return scrape;
}

InterfaceScrape detached(const std::string& interface)
{
    Reading reading = samples::mixed(interface);
    reading.instance.mode = mode_detached;
    reading.instance.ifindex = 0;
    InterfaceScrape scrape = scrape_of(reading);
    scrape.problem = "its counter is detached";
    return scrape;
}

InterfaceScrape with_program(InterfaceScrape scrape)
{
    scrape.program = ProgramRuns{.time = std::chrono::nanoseconds(1234567890), .runs = 98765432};
    return scrape;
}

std::string metrics_of(const std::vector<InterfaceScrape>& interfaces, const MetricsOptions& options = {})
{
    return metrics({.interfaces = interfaces,
                    .maps = {},
                    .seconds = 0.000028405,
                    .build = {.version = "0.1.0", .commit = "0123456789ab", .libbpf = "1.1"},
                    .process = ProcessFacts{.cpu_seconds = 0.25,
                                            .resident_bytes = 6291456,
                                            .virtual_bytes = 20971520,
                                            .open_descriptors = 12,
                                            .most_descriptors = 1024,
                                            .start_time = 1795601897.25}},
                   options);
}

/// The samples of a text: "name{labels}" to the value as it stands there.
std::map<std::string, std::string> samples_of(const std::string& text)
{
    std::map<std::string, std::string> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with('#'))
            found.emplace(line.substr(0, line.rfind(' ')), line.substr(line.rfind(' ') + 1));
    return found;
}

std::uint64_t sum_of(const std::map<std::string, std::string>& samples, const std::string& name)
{
    std::uint64_t sum = 0;
    for (const auto& [series, value] : samples)
        if (series.starts_with(name + "{"))
            sum += std::stoull(value);
    return sum;
}

const std::vector<InterfaceScrape>& several()
{
    static const std::vector interfaces{with_program(scrape_of(samples::mixed())), detached("eth1"),
                                        failed("eth2"), scrape_of(samples::without_breakdown("eth3"))};
    return interfaces;
}

TEST(Metrics, Golden)
{
    expect_golden("metrics.txt", metrics_of(several()));
    expect_golden("metrics_openmetrics.txt",
                  metrics_of(several(), {.format = MetricsFormat::openmetrics, .drop_zero = false}));
    expect_golden("metrics_drop_zero.txt",
                  metrics_of(several(), {.format = MetricsFormat::text, .drop_zero = true}));
}

TEST(Metrics, AreExactAbove53Bits)
{
    Reading reading = samples::empty();
    constexpr __u64 odd = (1ULL << 53) + 1;
    reading.snapshot.traffic.cell[TRAFFIC_NETWORK_IPV4][TRAFFIC_TRANSPORT_UDP][TRAFFIC_SIZE_TO_64] = {
        odd, odd + 2};
    for (const auto format : {MetricsFormat::text, MetricsFormat::openmetrics}) {
        const std::string text = metrics_of({scrape_of(reading)}, {.format = format, .drop_zero = false});
        EXPECT_THAT(text,
                    HasSubstr("xdpstat_packets_total{device=\"eth0\",ip_version=\"4\",protocol=\"udp\"} "
                              "9007199254740993\n"));
        EXPECT_THAT(text, HasSubstr("xdpstat_packet_size_bytes_sum{device=\"eth0\"} 9007199254740995\n"));
    }
    EXPECT_THAT(metrics_of({scrape_of(samples::full("eth0"))}), HasSubstr("} 18446744073709551615\n"));
}

TEST(Metrics, EachPacketIsInOneSeries)
{
    const Reading reading = samples::mixed();
    const auto found = samples_of(metrics_of({scrape_of(reading)}));
    const pkt_stats& stats = reading.snapshot.stats;
    EXPECT_EQ(sum_of(found, "xdpstat_packets_total"), stats.total_packets);
    EXPECT_EQ(sum_of(found, "xdpstat_bytes_total"), stats.total_bytes);
    EXPECT_EQ(found.at("xdpstat_packet_size_bytes_count{device=\"eth0\"}"),
              std::to_string(stats.total_packets));
    EXPECT_EQ(found.at("xdpstat_packet_size_bytes_sum{device=\"eth0\"}"), std::to_string(stats.total_bytes));
    EXPECT_EQ(found.at("xdpstat_packet_size_bytes_bucket{device=\"eth0\",le=\"+Inf\"}"),
              std::to_string(stats.total_packets));
}

TEST(Metrics, WithoutABreakdownTheSumsAreRightToo)
{
    const Reading reading = samples::without_breakdown();
    const auto found = samples_of(metrics_of({scrape_of(reading)}));
    EXPECT_EQ(sum_of(found, "xdpstat_packets_total"), reading.snapshot.stats.total_packets);
    EXPECT_EQ(sum_of(found, "xdpstat_bytes_total"), reading.snapshot.stats.total_bytes);
    EXPECT_THAT(metrics_of({scrape_of(reading)}), Not(HasSubstr("xdpstat_packet_size_bytes_bucket")));
}

TEST(Metrics, BucketsAreCumulative)
{
    const auto found = samples_of(metrics_of({scrape_of(samples::mixed())}));
    std::uint64_t before = 0;
    for (const char* bound : {"64", "127", "255", "511", "1023", "1518", "9018", "+Inf"}) {
        const auto count = std::stoull(
            found.at(std::string("xdpstat_packet_size_bytes_bucket{device=\"eth0\",le=\"") + bound + "\"}"));
        EXPECT_GE(count, before) << bound;
        before = count;
    }
    EXPECT_EQ(found.at("xdpstat_packet_size_bytes_bucket{device=\"eth0\",le=\"64\"}"), "13");
}

TEST(Metrics, ZerosAreThereFromTheStart)
{
    const auto found = samples_of(metrics_of({with_program(scrape_of(samples::empty()))}));
    EXPECT_EQ(found.at("xdpstat_packets_total{device=\"eth0\",ip_version=\"none\",protocol=\"pppoe\"}"), "0");
    const auto dropped = samples_of(
        metrics_of({scrape_of(samples::empty())}, {.format = MetricsFormat::text, .drop_zero = true}));
    EXPECT_EQ(dropped.count("xdpstat_packets_total{device=\"eth0\",ip_version=\"none\",protocol=\"pppoe\"}"),
              0U);
    // A histogram is whole or not there.
    EXPECT_EQ(dropped.at("xdpstat_packet_size_bytes_bucket{device=\"eth0\",le=\"64\"}"), "0");
}

TEST(Metrics, NumberOfSeriesIsAsDocumented)
{
    const auto with_one = samples_of(metrics_of({with_program(scrape_of(samples::mixed()))}));
    const auto with_two = samples_of(metrics_of(
        {with_program(scrape_of(samples::mixed())), with_program(scrape_of(samples::full("eth1")))}));
    EXPECT_EQ(with_two.size() - with_one.size(), series_of_an_interface);

    std::ifstream file(XDPSTAT_GOLDEN_FOLDER "/../../docs/metrics.md");
    std::stringstream document;
    document << file.rdbuf();
    EXPECT_THAT(document.str(),
                HasSubstr("At most " + std::to_string(series_of_an_interface) + " series an interface"));
    // Every metric has its row there, whose last column says how many.
    std::map<std::string, std::size_t> counted;
    for (const auto& [series, value] : with_one)
        counted[std::regex_replace(series.substr(0, series.find('{')), std::regex("_(bucket|sum|count)$"),
                                   "")]++;
    for (const auto& [name, count] : counted) {
        const std::regex row("\\n\\|[^|]*`" + name + "`[^\\n]*\\| " + std::to_string(count) +
                             "[ ,][^|]*\\|\\n");
        EXPECT_TRUE(std::regex_search(document.str(), row)) << name << " has " << count;
    }
}

TEST(Metrics, LabelsTakeAnyName)
{
    EXPECT_EQ(label("device", "a\"\\\n\xff"), "device=\"a\\\"\\\\\\n\xef\xbf\xbd\"");
    EXPECT_EQ(label("device", "\xc3\xa9th0"), "device=\"\xc3\xa9th0\"");
    EXPECT_THAT(metrics_of({scrape_of(samples::mixed("a\"b"))}),
                HasSubstr("xdpstat_up{device=\"a\\\"b\"} 1\n"));
}

TEST(Metrics, HelpIsEscaped)
{
    for (const auto format : {MetricsFormat::text, MetricsFormat::openmetrics}) {
        MetricsWriter writer(format);
        writer.begin({"x", MetricType::gauge, "", "a \"b\" \\ c\nd"});
        const bool open = format == MetricsFormat::openmetrics;
        EXPECT_EQ(writer.finish(), std::string("# HELP x ") +
                                       (open ? R"(a \"b\" \\ c\nd.)" : R"(a "b" \\ c\nd.)") +
                                       "\n# TYPE x gauge\n" + (open ? "# EOF\n" : ""));
    }
}

TEST(Metrics, NothingAttached)
{
    const std::string text = metrics_of({});
    EXPECT_THAT(text, HasSubstr("# TYPE xdpstat_up gauge\n# HELP"));
    EXPECT_THAT(text, Not(HasSubstr("device=")));
}

TEST(TrafficParts, AddUp)
{
    const traffic_stats traffic = samples::mixed().snapshot.traffic;
    Cell sum{};
    std::set<std::pair<IpVersion, std::string_view>> names;
    for (const TrafficPart& part : all_parts())
        names.emplace(part.ip_version, part.protocol);
    for (const Cell& cell : by_part(sums_of(traffic))) {
        sum.packets += cell.packets;
        sum.bytes += cell.bytes;
    }
    EXPECT_EQ(names.size(), traffic_parts);
    const pkt_stats stats = roll_up(traffic);
    EXPECT_EQ(sum.packets, stats.total_packets);
    EXPECT_EQ(sum.bytes, stats.total_bytes);
    const auto versions = by_ip_version(traffic);
    EXPECT_EQ(versions[0].packets, stats.ipv4_packets);
    EXPECT_EQ(versions[1].packets, stats.ipv6_packets);
    EXPECT_EQ(versions[0].bytes + versions[1].bytes + versions[2].bytes, stats.total_bytes);
}

TEST(SnapshotJson, IsWhatShowSaysAndTheProblems)
{
    const auto document = nlohmann::json::parse(snapshot_json(several()));
    auto shown = nlohmann::json::parse(show_json(std::vector{samples::mixed()}));
    EXPECT_EQ(document["schema"], shown["schema"]);
    EXPECT_EQ(document["interfaces"][0], shown["interfaces"][0]);
    EXPECT_EQ(document["interfaces"].size(), 3U) << "one that is detached can still be read";
    EXPECT_EQ(document["problems"].size(), 2U);
    EXPECT_EQ(document["problems"][0],
              nlohmann::json({{"interface", "eth1"}, {"problem", "its counter is detached"}}));
    expect_golden("snapshot.json", snapshot_json(several()));
}

} // namespace

} // namespace xdpstat
