// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <net/if.h>

#include "bench/child.hpp"
#include "bench/frames.hpp"
#include "bench/measure.hpp"
#include "bench/programs.hpp"
#include "bench/series.hpp"
#include "bpfxx/link.hpp"
#include "counter/interface_counters.hpp"
#include "counter/loader.hpp"

namespace xdpstat::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* receiving = "xs-receiving";
constexpr const char* generating = "xs-generating";
/// Pairs for each round of measurements elsewhere. Many that take some hundredths of a second tell more than few long
/// ones: the two of a pair are then close together, on a machine whose speed changes.
constexpr int pairs_a_round = 10;

/// What is attached to the receiving end, and how many frames came through it.
struct Subject {
    std::string name;
    int program_fd;
    Series received{}; ///< millions of frames a second
    Series ratio{};    ///< to the empty program's next to it
};

/// A veth pair in this process's own network namespace, with which it ends; measure_traffic() removes it before.
class Cable {
public:
    [[nodiscard]] static bpfxx::Result<Cable> make()
    {
        BPFXX_TRY(run_command({"ip", "link", "add", receiving, "type", "veth", "peer", "name", generating}));
        BPFXX_TRY(run_command({"ip", "link", "set", receiving, "up"}));
        BPFXX_TRY(run_command({"ip", "link", "set", generating, "up"}));
        auto counters = KernelCounterReader::open();
        if (!counters)
            return std::unexpected(std::move(counters).error());
        return Cable(std::move(*counters));
    }

    [[nodiscard]] std::uint32_t receiver() const { return ::if_nametoindex(receiving); }
    [[nodiscard]] std::uint32_t sender() const { return ::if_nametoindex(generating); }
    [[nodiscard]] bpfxx::Result<std::uint64_t> received() const
    {
        const auto counters = counters_.read(receiver());
        if (!counters)
            return std::unexpected(counters.error());
        return counters->rx_packets;
    }

private:
    explicit Cable(KernelCounterReader counters) noexcept : counters_(std::move(counters)) {}
    KernelCounterReader counters_;
};

/// What is attached to the receiving end, exchanged in place: the interface is not set up anew.
struct Attached {
    bpfxx::Link link;
    int program_fd;
};

/// Millions of frames a second that come through a program, as many as can be sent.
bpfxx::Result<double> throughput(const Cable& cable, Attached& attached, int generator_fd, int program_fd,
                                 const std::vector<std::uint8_t>& frame, std::uint32_t count)
{
    BPFXX_TRY(attached.link.update(program_fd, attached.program_fd));
    attached.program_fd = program_fd;
    BPFXX_TRY(send_frames(generator_fd, frame, count / 10)); // warms the ring and the caches up
    const auto before = cable.received();
    const auto begin = Clock::now();
    BPFXX_TRY(send_frames(generator_fd, frame, count));
    const std::chrono::duration<double, std::micro> time = Clock::now() - begin;
    const auto after = cable.received();
    if (!before || !after)
        return std::unexpected(before ? after.error() : before.error());
    if (*after == *before)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::system, "receive", "test frames",
                                                 "they were sent, but none came through"));
    return static_cast<double>(*after - *before) / time.count();
}

/// Every subject beside the empty program, by turns before and after it.
bpfxx::Result<> run_rounds(std::array<Subject, 3>& subjects, const Cable& cable, int generator_fd,
                           const Settings& settings)
{
    const auto frame = tcp_over_ipv4().bytes;
    Subject& empty = subjects[0];
    auto link = bpfxx::Link::attach_xdp(empty.program_fd, cable.receiver(), bpfxx::XdpMode::native);
    if (!link)
        return std::unexpected(link.error());
    Attached attached{.link = std::move(*link), .program_fd = empty.program_fd};
    const auto measure = [&](const Subject& subject) {
        return throughput(cable, attached, generator_fd, subject.program_fd, frame, settings.repeat);
    };
    for (int round = 0; round < settings.rounds * pairs_a_round; round++) {
        for (std::size_t i = 1; i < subjects.size(); i++) {
            Subject& subject = subjects.at(i);
            const bool first = round % 2 == 0;
            const auto one = measure(first ? subject : empty);
            const auto other = measure(first ? empty : subject);
            if (!one || !other)
                return std::unexpected(one ? other.error() : one.error());
            const double counted = first ? *one : *other;
            const double uncounted = first ? *other : *one;
            subject.received.add(counted);
            subject.ratio.add(counted / uncounted);
            empty.received.add(uncounted);
        }
    }
    return {};
}

} // namespace

bpfxx::Result<Section> measure_traffic(const Settings& settings)
{
    BPFXX_TRY(pin_thread(settings.machine.cpus.front()));
    const auto baseline = Baseline::load();
    if (!baseline)
        return std::unexpected(baseline.error());
    const auto both = load_counter(SlotLayout::percpu, true);
    if (!both)
        return std::unexpected(both.error());
    const auto headline = load_counter(SlotLayout::percpu, false);
    if (!headline)
        return std::unexpected(headline.error());
    const auto cable = Cable::make();
    if (!cable)
        return std::unexpected(cable.error());

    std::array<Subject, 3> subjects{Subject{"(the empty program itself)", baseline->empty()},
                                    Subject{"the counter (default)", both->program_fd()},
                                    Subject{"the counter, --no-breakdown", headline->program_fd()}};
    BPFXX_TRY(run_rounds(subjects, *cable, baseline->generator_to(cable->sender()), settings));
    BPFXX_TRY(run_command({"ip", "link", "delete", receiving}));

    Table table{{"attached", "received, Mpps", "of empty", "lost, %", "quarter of pairs below, %",
                 "quarter above, %"}};
    const auto lost = [](double ratio) { return fmt::format("{:.1f}", (1 - ratio) * 100); };
    for (std::size_t i = 1; i < subjects.size(); i++)
        table.push_back({subjects.at(i).name, fmt::format("{:.3f}", subjects.at(i).received.median()),
                         fmt::format("{:.3f}", subjects.at(i).ratio.median()),
                         lost(subjects.at(i).ratio.median()), lost(subjects.at(i).ratio.quantile(0.75)),
                         lost(subjects.at(i).ratio.quantile(0.25))});
    table.push_back(
        {subjects[0].name, fmt::format("{:.3f}", subjects[0].received.median()), "1.000", "0.0", "", ""});
    return Section{
        .title = "What the traffic loses",
        .method = fmt::format(
            "A saturated veth pair: one CPU sends frames of 64 bytes as fast as it can "
            "(BPF_F_TEST_XDP_LIVE_FRAMES, redirected into one end) and receives them at the other, where "
            "they "
            "pass through the program that is attached and on into the network stack, which drops them: they "
            "are for another host. {} pairs for each line, in each of them the counter and the empty program "
            "side by side, by turns the one and the other first, {} frames each. Compared is what the kernel "
            "counted as received, in the time that it took. *Lost* is the median over the pairs, with the "
            "quarters of the pairs that lost less and more. Aim: at most 2%.",
            settings.rounds * pairs_a_round, settings.repeat),
        .table = std::move(table)};
}

} // namespace xdpstat::bench
