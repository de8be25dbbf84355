// SPDX-License-Identifier: BSD-2-Clause
// Reads the counter behind a pin with bpfxx: the example of how a program of yours would do it.
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include <err.h>
#include <getopt.h>

#include "abi/xdp_counter.h"
#include "bpfxx/counter_array.hpp"

// The struct, described once. Opening a map compares it with the map's own BTF, field by field.
BPFXX_DESCRIBE(pkt_stats, total_packets, total_bytes, icmp_packets, tcp_packets, udp_packets, other_packets,
               ipv4_packets, ipv6_packets);

static std::string grouped(__u64 number) // 1234567 becomes 1,234,567
{
    const std::string text = std::to_string(number % 1000);
    return number < 1000 ? text : grouped(number / 1000) + "," + std::string(3 - text.size(), '0') + text;
}

static std::string human(double bytes) // 1536 becomes 1.50 KiB
{
    const int unit = bytes < 1024 ? 0 : std::ilogb(bytes) / 10; // bytes, KiB, MiB and so on
    char text[32];
    std::snprintf(text, sizeof(text), unit == 0 ? "%.0f B" : "%.2f %ciB", std::ldexp(bytes, -10 * unit),
                  " KMGTPE"[unit]);
    return text;
}

static void show(const pkt_stats& stats)
{
    const auto words = std::bit_cast<std::array<__u64, sizeof(stats) / sizeof(__u64)>>(stats);
    const std::array titles = {"Total packets", "Total bytes", "ICMP", "TCP", "UDP", "Other", "IPv4", "IPv6"};
    const std::array headings = {"", "", "\nBy Protocol\n", "", "", "", "\nBy IP Version\n", ""};
    const std::string bytes = human(static_cast<double>(words[1])) + " (" + grouped(words[1]) + ")";
    std::printf("✓ Statistics read successfully\n\nOverall Statistics\n");
    for (std::size_t i = 0; i < words.size(); i++)
        std::printf("%s  %-14s%26s\n", headings[i], titles[i], (i == 1 ? bytes : grouped(words[i])).c_str());
    std::printf("\nProtocol Distribution\n");
    const auto percent = static_cast<double>(words[0] == 0 ? 1 : words[0]) / 100;
    for (std::size_t i = 2; i < 6; i++)
        std::printf("  %-14s%24.2f %%\n", titles[i], static_cast<double>(words[i]) / percent);
}

static void show_json(const pkt_stats& stats)
{
    const auto words = std::bit_cast<std::array<__u64, sizeof(stats) / sizeof(__u64)>>(stats);
    for (const auto& field : bpfxx::Description<pkt_stats>::fields)
        std::printf("%s\"%s\": %llu", field.offset ? ", " : "{", field.name.data(), words[field.offset / 8]);
    std::printf("}\n");
}

int main(int argc, char** argv)
{
    const option all[] = {
        {"json", 0, nullptr, 'j'}, {"interval", 1, nullptr, 'i'}, {"help", 0, nullptr, 'h'}, {}};
    bool json = false;
    double seconds = 0; // between two readings; none: once
    char* end = nullptr;
    for (int choice; (choice = ::getopt_long(argc, argv, "", all, nullptr)) != -1;)
        if (choice == 'j')
            json = true;
        else if (choice != 'i' || !((seconds = std::strtod(optarg, &end)) > 0) || *end || seconds > 86400)
            ::errx(choice == 'h' ? 0 : 2, "usage: [--json] [--interval SECONDS] [PIN]");
    const std::string pin = optind < argc ? argv[optind] : "/sys/fs/bpf/" XDP_COUNTER_STATS_MAP;
    if (optind + 1 < argc)
        ::errx(2, "one PIN at a time, not %s and %s", pin.c_str(), argv[optind + 1]);
    const auto say = [json](const std::string& line) { json || std::puts(line.c_str()); };
    say("┌───────────────────────────────────────────┐\n│ XDP Packet Counter (libbpf Native Reader) │\n"
        "└───────────────────────────────────────────┘");
    for (bool first = true; first || seconds > 0; first = false) {
        say("Opening BPF map from pinned path..."); // anew each time: another may be behind the pin by then
        auto map = bpfxx::Map::open_pinned(pin);
        if (!map)
            ::errx(1, "%s; is the counter loaded?", map.error().message().c_str());
        say("✓ Map opened (fd: " + std::to_string(map->fd()) + ")");
        auto counter = bpfxx::CounterArray<pkt_stats>::open(std::move(*map), bpfxx::Proof::size);
        if (!counter)
            ::errx(1, "%s\n%s", counter.error().message().c_str(), counter.error().detail().c_str());
        if (!counter->layout())
            ::warnx("note: %s shows no BTF: read by its size alone, its layout is not proved", pin.c_str());
        say("Reading statistics from BPF map...");
        const auto stats = counter->sum(); // no system call where the map could be mapped
        if (!stats)
            ::errx(1, "%s", stats.error().message().c_str());
        json ? show_json(*stats) : show(*stats);
        if (std::fflush(stdout) != 0)
            ::err(1, "cannot write its output");
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    }
}
