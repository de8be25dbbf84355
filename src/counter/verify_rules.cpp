// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel calls rx_packets and rx_bytes is each driver's own idea. Each rule below knows one way in which
// such figures differ from the frames that XDP sees, and explains a gap only where the arithmetic works out.
#include "counter/verify_rules.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <regex>
#include <string>

namespace xdpstat {

namespace {

constexpr std::int64_t ethernet_header = 14; // bytes
constexpr std::int64_t fcs_size = 4;         // bytes
constexpr std::int64_t vlan_tag = 4;         // bytes
/// What a frame grows by beyond the MTU: the Ethernet header and two tags.
constexpr std::int64_t frame_overhead = ethernet_header + 2 * vlan_tag;
/// The longest frame of generic mode, where segmentation offload passes on whole trains.
constexpr std::int64_t longest_train = 65536 + frame_overhead;
/// Headers that merging takes away with each frame: Ethernet, IPv4 and UDP, up to two tags, IPv6 and a full TCP.
constexpr std::int64_t shortest_headers = 14 + 20 + 8;
constexpr std::int64_t longest_headers = frame_overhead + 40 + 60;
/// Some drivers fetch the card's counters only this often.
constexpr double refresh_seconds = 2;

std::string number(std::int64_t value)
{
    return std::to_string(value);
}

bool names_drop(const std::string& name)
{
    static const std::regex pattern("^(?!tx|.*tx_|.*xdp).*(drop|discard|miss|no_?buf|out_of_buffer).*");
    return std::regex_match(name, pattern);
}

bool names_xdp_verdict(const std::string& name)
{
    static const std::regex pattern(".*xdp.*(drop|redirect|tx|abort).*");
    return std::regex_match(name, pattern) && name.find("error") == std::string::npos;
}

std::vector<DriverDifference> drops(const Gap& gap)
{
    const KernelCounters& others = gap.report.others;
    std::vector<DriverDifference> found = {
        {"rx_missed", others.rx_missed},
        {"rx_dropped", others.rx_dropped},
        {"rx_errors", others.rx_errors},
        {"rx_missed and rx_dropped", others.rx_missed + others.rx_dropped}};
    std::ranges::copy_if(gap.report.driver, std::back_inserter(found),
                         [](const DriverDifference& counter) { return names_drop(counter.name); });
    return found;
}

/// Frames that the kernel counted and that never came to the program.
std::optional<Explanation> dropped_before_xdp(const Gap& gap)
{
    if (gap.packets <= 0)
        return std::nullopt;
    for (const DriverDifference& source : drops(gap))
        // Within the uncertainty, but never less than half of what it is to explain.
        if (as_signed(source.difference) >= (gap.packets + 1) / 2 &&
            gap.about(as_signed(source.difference), gap.packets))
            return Explanation{
                {Severity::warn, "packets",
                 number(gap.packets) + " fewer than the kernel's: frames dropped before XDP, " + source.name +
                     " says " + std::to_string(source.difference),
                 "give the ring more room: ethtool -G " + gap.facts.interface + " rx ..."},
                gap.bytes >= gap.packets * ethernet_header && gap.bytes <= gap.packets * gap.longest_frame()};
    return std::nullopt;
}

/// Frames that another program took away, which some drivers do not call received.
std::optional<Explanation> taken_by_xdp(const Gap& gap)
{
    std::uint64_t taken = 0;
    for (const DriverDifference& counter : gap.report.driver)
        if (names_xdp_verdict(counter.name))
            taken += counter.difference;
    if (gap.packets >= 0 || taken == 0 || !gap.about(as_signed(taken), -gap.packets))
        return std::nullopt;
    return Explanation{
        {Severity::info, "packets",
         number(-gap.packets) + " more than the kernel's: frames that an XDP program dropped or " +
             "redirected, " + std::to_string(taken) + " by the driver's count, are not received to it",
         "bpftool net shows the programs"},
        -gap.bytes >= as_signed(taken) * ethernet_header &&
            -gap.bytes <= as_signed(taken) * gap.longest_frame()};
}

/// An interface without packets of its own kind, in generic mode, gets what its members have merged already.
std::optional<Explanation> merged_by_gro(const Gap& gap)
{
    if (gap.facts.mode != "generic" || gap.facts.kind.empty() || gap.packets <= 0 ||
        gap.bytes < gap.packets * shortest_headers || gap.bytes > gap.packets * longest_headers)
        return std::nullopt;
    return Explanation{
        {Severity::warn, "packets",
         number(gap.packets) + " fewer and " + number(gap.bytes) + " bytes less than the kernel's, " +
             number(gap.bytes / gap.packets) + " bytes a frame: headers of frames that GRO merged " +
             "before generic mode saw them",
         "attach to the members, or switch merging off there: ethtool -K MEMBER gro off lro off"},
        true};
}

/// The driver's own count of received packets or bytes: its total, or the sum over its queues.
std::optional<std::uint64_t> driver_total(const Verification& report, const std::string& unit)
{
    // Not what it calls XDP's: that is counted for the program, and stands still with it.
    const std::array<std::regex, 2> patterns = {std::regex("rx_" + unit),
                                                std::regex("rx[_-]?(queue_)?[0-9]+[_.]" + unit)};
    for (const std::regex& pattern : patterns) {
        std::optional<std::uint64_t> sum;
        for (const DriverDifference& counter : report.driver)
            if (std::regex_match(counter.name, pattern))
                sum = sum.value_or(0) + counter.difference;
        if (sum)
            return sum;
    }
    return std::nullopt;
}

std::optional<Explanation> driver_agrees(const Gap& gap)
{
    const auto packets = driver_total(gap.report, "packets");
    if (!packets || !gap.about(as_signed(*packets), as_signed(gap.report.counter.packets)))
        return std::nullopt;
    const auto bytes = driver_total(gap.report, "bytes");
    return Explanation{{Severity::info, "packets",
                        "the driver's own counters say " + std::to_string(*packets) +
                            ", as the counter does; the kernel's figure is made elsewhere",
                        ""},
                       bytes && gap.about_bytes(as_signed(*bytes), as_signed(gap.report.counter.bytes))};
}

constexpr std::array packet_rules = {dropped_before_xdp, taken_by_xdp, merged_by_gro, driver_agrees};

std::optional<Finding> without_ethernet_header(const Gap& gap)
{
    const std::int64_t more = -gap.bytes;
    const std::int64_t frames = as_signed(gap.report.counter.packets);
    const std::string who = gap.facts.driver.empty() ? gap.facts.interface : "driver " + gap.facts.driver;
    if (gap.about_bytes(more, frames * ethernet_header))
        return Finding{Severity::ok, "bytes",
                       number(more) + " more than the kernel's, 14 a frame: " + who +
                           " counts without the Ethernet header",
                       ""};
    // Frames that come as socket buffers are counted without, frames redirected by XDP with their header.
    if (gap.facts.driver == "veth" && gap.report.uncertainty.bytes == 0 && more > 0 &&
        more < frames * ethernet_header && more % ethernet_header == 0)
        return Finding{Severity::ok, "bytes",
                       number(more) + " more than the kernel's, 14 for each of " +
                           number(more / ethernet_header) +
                           " frames: veth counts without the Ethernet header what XDP did not redirect to it",
                       ""};
    return std::nullopt;
}

std::optional<Finding> counted_fcs(const Gap& gap)
{
    if (!gap.about_bytes(gap.bytes, as_signed(gap.report.counter.packets) * fcs_size))
        return std::nullopt;
    return Finding{Severity::ok, "bytes",
                   number(gap.bytes) +
                       " less than the kernel's, 4 a frame: the card counts the frame check sequence" +
                       (gap.facts.rx_vlan_offload ? ", or takes a VLAN tag off every frame" : ""),
                   ""};
}

std::optional<Finding> stripped_tags(const Gap& gap)
{
    if (!gap.facts.rx_vlan_offload || gap.report.uncertainty.bytes != 0 || gap.bytes <= 0 ||
        gap.bytes % vlan_tag != 0 || gap.bytes > as_signed(gap.report.counter.packets) * 2 * vlan_tag)
        return std::nullopt;
    return Finding{Severity::warn, "bytes",
                   number(gap.bytes) + " less than the kernel's, 4 for each of " +
                       number(gap.bytes / vlan_tag) + " VLAN tags that the card takes off",
                   "to count them too: ethtool -K " + gap.facts.interface + " rxvlan off"};
}

constexpr std::array byte_rules = {without_ethernet_header, counted_fcs, stripped_tags};

} // namespace

std::int64_t Gap::longest_frame() const
{
    const std::int64_t frame = std::int64_t{facts.mtu} + frame_overhead;
    return as_signed(report.counter.bytes) > as_signed(report.counter.packets) * frame ? longest_train
                                                                                       : frame;
}

std::optional<Explanation> explain_packets(const Gap& gap)
{
    for (const auto& rule : packet_rules)
        if (auto explanation = rule(gap))
            return explanation;
    return std::nullopt;
}

std::optional<Finding> explain_bytes(const Gap& gap)
{
    for (const auto& rule : byte_rules)
        if (auto finding = rule(gap))
            return finding;
    return std::nullopt;
}

std::vector<Finding> candidates(const Gap& gap)
{
    std::vector<Finding> found;
    const auto add = [&](std::string detail, std::string to_do) {
        found.push_back({Severity::info, "may be", std::move(detail), std::move(to_do)});
    };
    const double rate = static_cast<double>(gap.report.counter.packets) / std::max(gap.report.seconds, 0.001);
    if (gap.facts.kind.empty() && static_cast<double>(std::abs(gap.packets)) <= rate * refresh_seconds)
        add("the driver fetches the card's counters only every second or two",
            "measure longer: xdpstat verify " + gap.facts.interface + " --seconds 60");
    if (const auto packets = driver_total(gap.report, "packets"))
        add("the driver's own counters say " + std::to_string(*packets) + " packets", "");
    if (!gap.facts.master.empty())
        add("it is a member of " + gap.facts.master + "; on an inactive member rx_nohandler grows, here by " +
                std::to_string(gap.report.others.rx_nohandler),
            "compare the other members too");
    if (gap.packets > 0 && gap.facts.mode == "generic")
        add("generic mode runs after the driver: frames lost before it, at a full backlog, are not counted " +
                std::string("(rx_dropped grew by ") + std::to_string(gap.report.others.rx_dropped) + ")",
            "use native mode, or raise net.core.netdev_max_backlog");
    if (gap.bytes > 0 && gap.facts.rx_vlan_offload)
        add("the card takes VLAN tags off, 4 bytes a tag",
            "ethtool -K " + gap.facts.interface + " rxvlan off");
    return found;
}

} // namespace xdpstat
