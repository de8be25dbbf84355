// SPDX-License-Identifier: BSD-2-Clause
#include "counter/verify.hpp"

#include <algorithm>

#include "counter/verify_rules.hpp"

namespace xdpstat {

namespace {

/// An uncertainty of more than one frame in so many is worth a word.
constexpr std::uint64_t tellable = 20;

std::string sign(std::int64_t gap)
{
    return std::to_string(std::abs(gap)) + (gap > 0 ? " fewer" : " more") + " than the kernel's";
}

Finding equal(const std::string& what, std::uint64_t value, std::int64_t gap, std::uint64_t uncertainty)
{
    std::string detail = std::to_string(value) + ", as the kernel says";
    if (gap != 0)
        detail += " but for " + std::to_string(std::abs(gap)) + " of the " + std::to_string(uncertainty) +
                  " that may have been on their way while both were read";
    return {Severity::ok, what, std::move(detail), ""};
}

/// Where the uncertainty is large beside what was compared, small gaps cannot be seen.
std::optional<Finding> too_little_traffic(const Verification& report)
{
    if (report.uncertainty.packets <= report.counter.packets / tellable)
        return std::nullopt;
    return Finding{
        Severity::warn, "traffic",
        "up to " + std::to_string(report.uncertainty.packets) +
            " frames may have been on their way while both were read: a gap of so many cannot be seen",
        "measure longer, or when less traffic flows: xdpstat verify " + report.interface + " --seconds 60"};
}

std::uint64_t difference(std::uint64_t later, std::uint64_t earlier)
{
    return later >= earlier ? later - earlier : 0;
}

/// Half the width of what the kernel's figure may be, about the difference of the later readings.
std::uint64_t spread(const VerifyReading& start, const VerifyReading& end,
                     std::uint64_t KernelCounters::* counter)
{
    return std::max(difference(start.after.*counter, start.before.*counter),
                    difference(end.after.*counter, end.before.*counter));
}

Cell sum(const std::vector<MemberCounters>& members)
{
    Cell total{};
    for (const MemberCounters& member : members) {
        total.packets += member.counters.rx_packets;
        total.bytes += member.counters.rx_bytes;
    }
    return total;
}

Verification differences(const VerifyReading& start, const VerifyReading& end, const VerifyFacts& facts)
{
    Verification report;
    report.interface = facts.interface;
    report.mode = facts.mode;
    report.seconds = std::chrono::duration<double>(end.taken - start.taken).count();
    report.counter = {difference(end.counter.packets, start.counter.packets),
                      difference(end.counter.bytes, start.counter.bytes)};
    const auto kernel = [&](std::uint64_t KernelCounters::* counter) {
        return difference(end.after.*counter, start.after.*counter);
    };
    report.others = {.rx_packets = kernel(&KernelCounters::rx_packets),
                     .rx_bytes = kernel(&KernelCounters::rx_bytes),
                     .rx_errors = kernel(&KernelCounters::rx_errors),
                     .rx_dropped = kernel(&KernelCounters::rx_dropped),
                     .rx_missed = kernel(&KernelCounters::rx_missed),
                     .rx_nohandler = kernel(&KernelCounters::rx_nohandler)};
    report.kernel = {report.others.rx_packets, report.others.rx_bytes};

    const std::uint64_t in_flight = start.quiet && end.quiet ? 0 : facts.in_flight_limit;
    const Gap limits{facts, report, 0, 0};
    report.uncertainty.packets = spread(start, end, &KernelCounters::rx_packets) + in_flight;
    report.uncertainty.bytes = spread(start, end, &KernelCounters::rx_bytes) +
                               in_flight * static_cast<std::uint64_t>(limits.longest_frame());

    for (const DriverCounter& counter : end.driver) {
        const auto earlier = std::ranges::find(start.driver, counter.name, &DriverCounter::name);
        if (earlier != start.driver.end() && counter.value > earlier->value)
            report.driver.push_back({counter.name, counter.value - earlier->value});
    }
    return report;
}

bool went_backwards(const VerifyReading& start, const VerifyReading& end)
{
    return end.counter.packets < start.counter.packets || end.after.rx_packets < start.after.rx_packets;
}

} // namespace

Verification explain(const VerifyReading& start, const VerifyReading& end, const VerifyFacts& facts)
{
    Verification report = differences(start, end, facts);
    if (went_backwards(start, end)) {
        report.findings.push_back({Severity::fail, "counters", "a counter was reset while it was measured",
                                   "measure again: xdpstat verify " + facts.interface});
        return report;
    }
    if (report.counter.packets == 0 && report.kernel.packets == 0) {
        report.agrees = true;
        report.findings.push_back(
            {Severity::warn, "packets", "none arrived: nothing was compared",
             "let traffic flow to " + facts.interface + ", or measure longer with --seconds"});
        return report;
    }

    Gap gap{facts, report, as_signed(report.kernel.packets) - as_signed(report.counter.packets),
            as_signed(report.kernel.bytes) - as_signed(report.counter.bytes)};
    const Cell members_start = sum(start.members);
    const Cell members_end = sum(end.members);
    const Cell members{difference(members_end.packets, members_start.packets),
                       difference(members_end.bytes, members_start.bytes)};
    std::vector<Finding> findings;
    if (!gap.about(gap.packets, 0) && !end.members.empty() &&
        gap.about(as_signed(members.packets), as_signed(report.counter.packets))) {
        findings.push_back({Severity::info, "members",
                            "their own counters add up to " + std::to_string(members.packets) + " packets; " +
                                facts.interface + " itself says " + std::to_string(report.kernel.packets) +
                                ", which it adds up in its own way",
                            ""});
        gap.packets = as_signed(members.packets) - as_signed(report.counter.packets);
        gap.bytes = as_signed(members.bytes) - as_signed(report.counter.bytes);
    }

    bool packets_agree = gap.about(gap.packets, 0);
    bool bytes_follow = false;
    if (packets_agree) {
        findings.push_back(equal("packets", report.counter.packets, gap.packets, report.uncertainty.packets));
    } else if (const auto explanation = explain_packets(gap)) {
        findings.push_back(explanation->finding);
        packets_agree = true;
        bytes_follow = explanation->covers_bytes;
    }

    bool bytes_agree = gap.about_bytes(gap.bytes, 0);
    if (bytes_agree) {
        findings.push_back(equal("bytes", report.counter.bytes, gap.bytes, report.uncertainty.bytes));
    } else if (bytes_follow) {
        bytes_agree = true;
        findings.push_back({Severity::info, "bytes", sign(gap.bytes) + ", as that accounts for", ""});
    } else if (const auto finding = explain_bytes(gap)) {
        findings.push_back(*finding);
        bytes_agree = true;
    }

    if (!packets_agree)
        findings.push_back(
            {Severity::fail, "packets", sign(gap.packets) + ", and no figure accounts for it", ""});
    if (!bytes_agree)
        findings.push_back(
            {Severity::fail, "bytes", sign(gap.bytes) + ", and no figure accounts for it", ""});
    if (!packets_agree || !bytes_agree)
        std::ranges::move(candidates(gap), std::back_inserter(findings));
    if (const auto doubt = too_little_traffic(report))
        findings.push_back(*doubt);
    report.agrees = packets_agree && bytes_agree;
    report.findings = std::move(findings);
    return report;
}

} // namespace xdpstat
