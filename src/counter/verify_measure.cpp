// SPDX-License-Identifier: BSD-2-Clause
#include "counter/verify_measure.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "bpfxx/xdp.hpp"
#include "counter/interface.hpp"
#include "counter/link_features.hpp"
#include "counter/reader.hpp"

namespace xdpstat {

namespace {

using namespace std::chrono_literals;

/// How long nothing may arrive for a reading to be quiet: longer than a driver keeps what it has polled to itself.
constexpr auto quiet_time = 300us;
constexpr auto pause_between_tries = 20ms;
constexpr int start_tries = 5;
constexpr int end_tries = 10;
/// Frames that a driver may take off its ring before it adds them to its figures (NAPI_POLL_WEIGHT), a CPU.
constexpr std::uint64_t poll_budget = 64;
constexpr std::uint64_t default_backlog = 1000;

/// Frames that wait between the driver's count and generic XDP, a CPU.
std::uint64_t backlog_limit()
{
    std::ifstream file("/proc/sys/net/core/netdev_max_backlog");
    std::uint64_t limit = default_backlog;
    return file >> limit ? limit : default_backlog;
}

/// Everything that a reading is made of, open for the whole measurement.
class Meter {
public:
    static bpfxx::Result<Meter> open(const Instance& instance, std::vector<std::string> members,
                                     bpfxx::Proof proof)
    {
        auto reader = Reader::open(instance.directory, proof);
        if (!reader)
            return std::unexpected(std::move(reader).error());
        auto kernel = KernelCounterReader::open();
        if (!kernel)
            return std::unexpected(std::move(kernel).error());
        return Meter(instance, std::move(*reader), std::move(*kernel), std::move(members));
    }

    bpfxx::Result<VerifyReading> read()
    {
        VerifyReading reading;
        for (const std::string& member : members_) {
            const auto interface = find_interface(member);
            const auto counters =
                interface ? kernel_.read(interface->index) : std::unexpected(interface.error());
            if (!counters)
                return std::unexpected(counters.error());
            reading.members.push_back({member, *counters});
        }
        const auto before = kernel_.read(instance_.ifindex);
        if (!before)
            return std::unexpected(gone(before.error()));
        const auto stats = reader_.read_stats();
        if (!stats)
            return std::unexpected(stats.error());
        const auto after = kernel_.read(instance_.ifindex);
        if (!after)
            return std::unexpected(gone(after.error()));
        reading.taken = std::chrono::steady_clock::now();
        reading.driver = read_driver_counters(instance_.interface);

        std::this_thread::sleep_for(quiet_time);
        const auto stats_later = reader_.read_stats();
        const auto kernel_later = kernel_.read(instance_.ifindex);
        reading.counter = {.packets = stats->total_packets, .bytes = stats->total_bytes};
        reading.before = *before;
        reading.after = *after;
        reading.quiet = stats_later && kernel_later && stats_later->total_packets == stats->total_packets &&
                        kernel_later->rx_packets == before->rx_packets;
        return reading;
    }

    /// Waits a little for a moment in which nothing arrives; under load there is none.
    bpfxx::Result<VerifyReading> read_at_rest()
    {
        auto reading = read();
        for (int i = 1; i < start_tries && reading && !reading->quiet; i++) {
            std::this_thread::sleep_for(pause_between_tries);
            reading = read();
        }
        return reading;
    }

private:
    Meter(Instance instance, Reader reader, KernelCounterReader kernel, std::vector<std::string> members)
        : instance_(std::move(instance)), reader_(std::move(reader)), kernel_(std::move(kernel)),
          members_(std::move(members))
    {
    }

    [[nodiscard]] bpfxx::Error gone(bpfxx::Error error) const
    {
        error.set_object(instance_.interface);
        error.set_operation("read the kernel's counters of");
        return error;
    }

    Instance instance_;
    Reader reader_;
    KernelCounterReader kernel_;
    std::vector<std::string> members_;
};

VerifyFacts gather_facts(const Instance& instance, const Interface& interface, const LinkFeatures& features)
{
    VerifyFacts facts;
    facts.interface = instance.interface;
    facts.mode = instance.mode;
    facts.driver = interface.driver;
    facts.kind = features.kind;
    facts.master = features.master;
    facts.rx_vlan_offload = features.rx_vlan && features.rx_vlan->on;
    facts.mtu = interface.mtu;
    const auto cpus = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    facts.in_flight_limit = cpus * (poll_budget + (instance.mode == "generic" ? backlog_limit() : 0));
    return facts;
}

/// A mapping stays readable when its counter is gone: it then stands still, or another counts in its place.
bpfxx::Result<> check_still_attached(const Instance& instance)
{
    const auto state = bpfxx::query_xdp(instance.ifindex);
    if (!state)
        return std::unexpected(state.error());
    for (const std::uint32_t id : {state->native_id, state->generic_id, state->offload_id})
        if (id == instance.program_id || instance.program_id == 0)
            return {};
    return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::not_found, "verify", instance.interface,
                                             "its counter was detached or exchanged while it was measured",
                                             "measure again: xdpstat verify " + instance.interface));
}

} // namespace

bpfxx::Result<Verification> verify(const Instance& instance, std::chrono::duration<double> interval,
                                   bpfxx::Proof proof)
{
    if (instance.mode == mode_unknown)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::permission, "verify", instance.interface,
                                                 "its link may not be opened by this user",
                                                 "run as root: sudo xdpstat verify " + instance.interface));
    if (instance.ifindex == 0)
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::not_found, "verify", instance.interface,
                              "its counter is " + instance.mode + " and counts nothing here",
                              "attach it: xdpstat attach " + instance.interface));
    const auto interface = find_interface(instance.interface);
    if (!interface)
        return std::unexpected(interface.error());
    const LinkFeatures features = read_link_features(interface->name, interface->index);
    const VerifyFacts facts = gather_facts(instance, *interface, features);

    auto meter = Meter::open(instance, features.members, proof);
    if (!meter)
        return std::unexpected(std::move(meter).error());
    const auto start = meter->read_at_rest();
    if (!start)
        return std::unexpected(start.error());
    std::this_thread::sleep_until(start->taken +
                                  std::chrono::duration_cast<std::chrono::nanoseconds>(interval));

    for (int tries = 1;; tries++) {
        const auto end = meter->read();
        if (!end)
            return std::unexpected(end.error());
        BPFXX_TRY(check_still_attached(instance));
        Verification report = explain(*start, *end, facts);
        const bool settled = report.agrees && end->quiet;
        if (settled || tries == end_tries)
            return report;
        std::this_thread::sleep_for(pause_between_tries);
    }
}

} // namespace xdpstat
