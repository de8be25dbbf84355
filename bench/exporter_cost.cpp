// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/child.hpp"
#include "bench/measure.hpp"
#include "bench/series.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat::bench {

namespace {

using bpfxx::Result;

constexpr int many = 16; // interfaces
constexpr const char* node_exporter = "prometheus-node-exporter";
// As the table calls them:
constexpr const char* ours = "xdpstat serve";
constexpr const char* theirs = "node_exporter";
constexpr int connections = 4;
constexpr std::chrono::seconds loading{2};
/// A busy machine may take seconds to start a server.
constexpr std::chrono::seconds longest_start{10};

/// How a scrape is asked for.
struct Asking {
    std::string name;
    std::vector<std::string> headers;
};

/// What one of them was measured to do.
struct Figures {
    Series scrapes; ///< a second
    Series slowest; ///< milliseconds that 99 of 100 scrapes stay below
};

/// An exporter that runs, on the CPU of all exporters.
struct Exporter {
    std::string name;
    int interfaces;
    std::uint16_t port;
    Child process;
    std::vector<Figures> figures{}; ///< one for each way of asking
};

std::string interface_name(int number)
{
    return fmt::format("xs-count{}", number);
}

/// Interfaces with a counter attached, in this process's own network namespace.
Result<> make_interfaces(const std::string& xdpstat)
{
    BPFXX_TRY(run_command({"ip", "link", "set", "lo", "up"}));
    for (int number = 0; number < many; number++) {
        const std::string name = interface_name(number);
        BPFXX_TRY(run_command(
            {"ip", "link", "add", name, "type", "veth", "peer", fmt::format("xs-peer{}", number)}));
        BPFXX_TRY(run_command({"ip", "link", "set", name, "up"}));
        BPFXX_TRY(run_command({xdpstat, "attach", name}));
    }
    return {};
}

bool answers(std::uint16_t port)
{
    const bpfxx::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return socket && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
}

Result<Exporter> start(const std::string& name, int interfaces, std::uint16_t port,
                       const std::vector<std::string>& command)
{
    auto process = Child::start(command);
    if (!process)
        return std::unexpected(std::move(process).error());
    const auto end = std::chrono::steady_clock::now() + longest_start;
    while (!answers(port)) {
        if (std::chrono::steady_clock::now() > end)
            return std::unexpected(
                bpfxx::make_error(bpfxx::ErrorKind::system, "start", name, "nothing listens on its port",
                                  "run it by hand: " + fmt::format("{}", fmt::join(command, " "))));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return Exporter{.name = name, .interfaces = interfaces, .port = port, .process = std::move(*process)};
}

Result<> start_exporters(const std::string& xdpstat, std::list<Exporter>& exporters)
{
    std::uint16_t port = 10435;
    for (const int interfaces : {1, many}) {
        std::vector<std::string> names;
        for (int number = 0; number < interfaces; number++)
            names.push_back(interface_name(number));
        const std::string address = fmt::format("127.0.0.1:{}", port);
        std::vector<std::string> command{xdpstat, "serve", "--web.listen-address", address};
        command.insert(command.end(), names.begin(), names.end());
        auto server = start(ours, interfaces, port++, command);
        if (!server)
            return std::unexpected(std::move(server).error());
        exporters.push_back(std::move(*server));
        auto other = start(theirs, interfaces, port,
                           {node_exporter, "--log.level=error", "--collector.disable-defaults",
                            "--collector.netdev", "--collector.netdev.device-exclude=",
                            fmt::format("--collector.netdev.device-include=^({})$", fmt::join(names, "|")),
                            fmt::format("--web.listen-address=127.0.0.1:{}", port)});
        if (!other)
            return std::unexpected(std::move(other).error());
        exporters.push_back(std::move(*other));
        port++;
    }
    return {};
}

/// Scrapes one of them as fast as it answers.
Result<> load(Exporter& exporter, std::size_t way, const Asking& asking, const Settings& settings)
{
    std::vector<std::string> command{"wrk",
                                     "--threads",
                                     "1",
                                     "--connections",
                                     std::to_string(connections),
                                     "--duration",
                                     fmt::format("{}s", loading.count()),
                                     "--script",
                                     settings.scripts + "/scrape.lua"};
    for (const std::string& header : asking.headers) {
        command.emplace_back("--header");
        command.push_back(header);
    }
    command.push_back(fmt::format("http://127.0.0.1:{}/metrics", exporter.port));
    const auto output = output_of(command);
    if (!output)
        return std::unexpected(output.error());
    const auto begin = output->find("figures ");
    unsigned long requests = 0;
    unsigned long microseconds = 0;
    unsigned long slowest = 0;
    unsigned long failed = 0;
    if (begin == std::string::npos || std::sscanf(output->c_str() + begin, "figures %lu %lu %lu %lu",
                                                  &requests, &microseconds, &slowest, &failed) != 4)
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::system, "read", "the figures of wrk", "there are none"));
    if (requests == 0 || failed > 0)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::system, "scrape", exporter.name,
                                                 fmt::format("{} scrapes failed", failed)));
    exporter.figures[way].scrapes.add(static_cast<double>(requests) * 1e6 /
                                      static_cast<double>(microseconds));
    exporter.figures[way].slowest.add(static_cast<double>(slowest) / 1000);
    return {};
}

/// One of those that were started.
const Exporter& the_one(const std::list<Exporter>& exporters, const char* name, int interfaces)
{
    return *std::ranges::find_if(exporters, [&](const Exporter& exporter) {
        return exporter.name == name && exporter.interfaces == interfaces;
    });
}

std::vector<std::string> row(const Exporter& exporter, const Exporter& other, std::size_t way,
                             const Asking& asking, double megabytes)
{
    const double scrapes = exporter.figures[way].scrapes.median();
    const double slowest = exporter.figures[way].slowest.median();
    return {fmt::format("{}, {}, {}", exporter.name,
                        exporter.interfaces == 1 ? "1 interface" : fmt::format("{} interfaces", many),
                        asking.name),
            fmt::format("{:.0f}", scrapes),
            fmt::format("{:.2f}", scrapes / other.figures[way].scrapes.median()),
            fmt::format("{:.2f}", slowest),
            fmt::format("{:.3f}", slowest / other.figures[way].slowest.median()),
            fmt::format("{:.1f}", megabytes)};
}

} // namespace

Result<Section> measure_exporter(const Settings& settings)
{
    if (settings.machine.cpus.size() < 2)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::unsupported, "measure", "the exporter",
                                                 "it takes a CPU for the exporter and one for its clients"));
    BPFXX_TRY(free_thread(settings.machine));
    BPFXX_TRY(make_interfaces(settings.xdpstat));
    const std::vector<Asking> ways{
        {"plain", {}},
        {"as Prometheus asks",
         {"Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "Accept-Encoding: gzip"}}};

    // The exporters on one CPU, idle but for the one that is asked; the client on another.
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    std::list<Exporter> exporters;
    BPFXX_TRY(start_exporters(settings.xdpstat, exporters));
    BPFXX_TRY(pin_thread(settings.machine.cpus.back()));
    const int rounds = std::max(3, settings.rounds / 6);
    for (Exporter& exporter : exporters)
        exporter.figures.resize(ways.size());
    for (int round = 0; round < rounds; round++)
        for (std::size_t way = 0; way < ways.size(); way++)
            for (Exporter& exporter : exporters)
                BPFXX_TRY(load(exporter, way, ways[way], settings));
    BPFXX_TRY(free_thread(settings.machine));

    const auto cost_of_many = [&](std::size_t way) {
        const auto scrapes = [&](int interfaces) {
            return the_one(exporters, ours, interfaces).figures[way].scrapes.median();
        };
        return scrapes(1) / scrapes(many);
    };
    Section section{
        .title = "What a scrape costs",
        .method = fmt::format(
            "`{0}` beside Debian's {1} with its netdev collector alone, each for 1 interface and for {2} "
            "(veth "
            "pairs in a network namespace of its own, counters attached to all). All exporters run on one "
            "CPU, "
            "the client on another: wrk with {3} connections for {4} s, as fast as it is answered; every "
            "exporter in turn, {5} rounds, medians. *Times* is against node_exporter for as many interfaces, "
            "asked in the same way; *p99* is the time that 99 of 100 scrapes stay below; memory is VmRSS "
            "after "
            "all of it, some minutes after the start; the page's memory of 15 minutes comes on top, of a "
            "busy "
            "interface some 70 KiB. Aims: at least 10 times the scrapes, a p99 below a fifth, memory below a "
            "third, and {2} interfaces at most 3 times one. In this run they cost {6:.2f} times one, and as "
            "Prometheus asks {7:.2f} times.",
            ours, node_exporter, many, connections, loading.count(), rounds, cost_of_many(0),
            cost_of_many(1)),
        .table = {{"exporter", "scrapes a second", "times", "p99, ms", "times", "memory, MB"}}};
    for (std::size_t way = 0; way < ways.size(); way++)
        for (const Exporter& exporter : exporters) {
            const Exporter& other = the_one(exporters, theirs, exporter.interfaces);
            const auto megabytes = exporter.process.resident_megabytes();
            if (!megabytes)
                return std::unexpected(megabytes.error());
            section.table.push_back(row(exporter, other, way, ways[way], *megabytes));
        }
    return section;
}

} // namespace xdpstat::bench
