// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <linux/if_ether.h>

#include "bench/child.hpp"
#include "bench/frames.hpp"
#include "bench/measure.hpp"
#include "bench/series.hpp"
#include "bpfxx/fd.hpp"
#include "counter/reader.hpp"

namespace xdpstat::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr const char* counted = "xs-counted";
constexpr const char* sending = "xs-sending";

/// Long enough for a busy machine; a frame is counted within microseconds or never.
constexpr std::chrono::seconds longest_wait{5};

/// What `watch` draws before its memory is read: past the first samples, into a graph.
constexpr std::chrono::seconds watching{3};

bpfxx::Error no_frame_counted()
{
    return bpfxx::make_error(bpfxx::ErrorKind::system, "count", "a frame", "it was sent but never counted");
}

/// A pair of interfaces in this process's own network namespace.
bpfxx::Result<> make_pair()
{
    BPFXX_TRY(run_command({"ip", "link", "add", counted, "type", "veth", "peer", "name", sending}));
    BPFXX_TRY(run_command({"ip", "link", "set", counted, "up"}));
    return run_command({"ip", "link", "set", sending, "up"});
}

bpfxx::Result<> send_frame(std::span<const std::uint8_t> frame)
{
    const bpfxx::Fd socket(::socket(AF_PACKET, SOCK_RAW, 0));
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(if_nametoindex(sending));
    if (!socket || ::sendto(socket.get(), frame.data(), frame.size(), 0,
                            reinterpret_cast<const sockaddr*>(&to), sizeof(to)) < 0)
        return std::unexpected(bpfxx::system_error("send a frame through", sending, errno));
    return {};
}

/// Milliseconds from the start of `xdpstat attach` until a frame that is sent as soon as it has ended is counted.
bpfxx::Result<double> time_to_first_packet(const std::string& xdpstat)
{
    const auto begin = Clock::now();
    BPFXX_TRY(run_command({xdpstat, "attach", counted}));
    // TCP, and watched as such: the kernel itself sends other kinds on a new interface.
    BPFXX_TRY(send_frame(tcp_over_ipv4().bytes));
    auto reader = Reader::open(std::string("/sys/fs/bpf/xdpstat/") + counted);
    if (!reader)
        return std::unexpected(reader.error());
    while (Clock::now() - begin < longest_wait) {
        const auto stats = reader->read_stats();
        if (!stats)
            return std::unexpected(stats.error());
        if (stats->tcp_packets > 0)
            return Milliseconds(Clock::now() - begin).count();
    }
    return std::unexpected(no_frame_counted());
}

bpfxx::Result<double> time_command(const std::vector<std::string>& command)
{
    const auto begin = Clock::now();
    BPFXX_TRY(run_command(command));
    return Milliseconds(Clock::now() - begin).count();
}

/// Megabytes that `xdpstat watch` holds in memory while it draws on a terminal.
bpfxx::Result<double> watch_memory(const std::string& xdpstat)
{
    auto watch = Child::start_on_terminal({xdpstat, "watch", counted, "-i", "0.05"});
    if (!watch)
        return std::unexpected(watch.error());
    BPFXX_TRY(watch->run_for(watching));
    return watch->resident_megabytes();
}

std::vector<std::string> row(const std::string& name, const Series& series, const Series& base)
{
    return {name, fmt::format("{:.2f}", series.median()), fmt::format("{:.2f}", series.minimum()),
            fmt::format("{:.1f}", series.median() / base.median())};
}

} // namespace

bpfxx::Result<Section> measure_commands(const Settings& settings)
{
    BPFXX_TRY(make_pair());
    Series nothing;
    Series attach;
    Series detach;
    Series show;
    for (int round = 0; round < settings.rounds; round++) {
        const auto of_true = time_command({"true"});
        const auto first_packet = time_to_first_packet(settings.xdpstat);
        const auto of_show = time_command({settings.xdpstat, "show", counted});
        const auto of_detach = time_command({settings.xdpstat, "detach", counted});
        for (const auto* time : {&of_true, &first_packet, &of_show, &of_detach})
            if (!*time)
                return std::unexpected(time->error());
        nothing.add(*of_true);
        attach.add(*first_packet);
        show.add(*of_show);
        detach.add(*of_detach);
    }

    BPFXX_TRY(run_command({settings.xdpstat, "attach", counted}));
    const auto memory = watch_memory(settings.xdpstat);
    if (!memory)
        return std::unexpected(memory.error());
    return Section{.title = "The commands",
                   .method = fmt::format("Whole processes, from their start to their end, on one end of a "
                                         "veth pair in a network namespace of "
                                         "its own; {} rounds, in each of them every command once; medians, "
                                         "fastest, and how many times `true`, "
                                         "the process that does nothing. *First packet* is the time from the "
                                         "start of `xdpstat attach` until a "
                                         "frame that is sent through the pair as soon as it has ended is "
                                         "seen in the counter. Aim: `show` below "
                                         "5 ms.\n\n"
                                         "`xdpstat watch` with an interval of 0.05 s, drawing on a terminal "
                                         "of 80 by 24, holds {:.1f} MB of "
                                         "memory after {} s (VmRSS in /proc, which counts pages of shared "
                                         "libraries too). Aim: below 8 MB.",
                                         settings.rounds, *memory, watching.count()),
                   .table = {{"command", "median, ms", "least, ms", "times true"},
                             row("xdpstat attach, to the first packet", attach, nothing),
                             row("xdpstat show", show, nothing),
                             row("xdpstat detach", detach, nothing),
                             row("true", nothing, nothing)}};
}

} // namespace xdpstat::bench
