// SPDX-License-Identifier: BSD-2-Clause
#include "counter/doctor.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace xdpstat {

namespace {

using Findings = std::vector<Finding>;

constexpr KernelVersion multi_buffer_since{5, 18};
/// Since then virtio_net takes a program without a queue for each CPU besides.
constexpr KernelVersion virtio_shares_queues_since{5, 13};
/// What a driver wants beside the frame in one page: headroom, struct skb_shared_info, Ethernet header and two tags.
constexpr std::uint32_t page_overhead = 256 + 320 + 22;

/// Drivers with native XDP in kernels before 6.3, which do not tell themselves.
constexpr std::array<std::string_view, 34> native_drivers = {
    "am65-cpsw-nuss", "atlantic",  "bnxt_en",       "bonding",   "cpsw",
    "dpaa2_eth",      "ena",       "fsl_dpaa2_eth", "fsl_enetc", "gve",
    "hv_netvsc",      "i40e",      "ice",           "igb",       "igc",
    "ixgbe",          "ixgbevf",   "lan966x",       "mana",      "mlx4_en",
    "mlx5_core",      "mvneta",    "mvpp2",         "netsec",    "nfp",
    "nicvf",          "octeontx2", "qede",          "sfc",       "stmmac",
    "tsnep",          "veth",      "vif",           "virtio_net"};

struct Obstacle {
    std::string why;
    std::string to_do;
};

bool is_on(const std::optional<Feature>& feature)
{
    return feature && feature->on;
}

std::string ethtool(const char* option, const InterfaceFacts& facts, const std::string& arguments)
{
    return std::string("ethtool ") + option + " " + facts.interface.name + " " + arguments;
}

std::string driver_name(const InterfaceFacts& facts)
{
    return facts.interface.driver.empty() ? "its driver" : "driver " + facts.interface.driver;
}

/// Whether the driver has native mode at all, whatever stands in its way now.
bool may_be_native(const InterfaceFacts& facts)
{
    return facts.features.xdp
               ? facts.features.xdp->native
               : std::ranges::find(native_drivers, facts.interface.driver) != native_drivers.end();
}

/// The longest frame payload that a driver takes in one buffer, about, in bytes.
std::uint32_t one_buffer(const InterfaceFacts& facts)
{
    return facts.page_size - page_overhead;
}

/// The counter as it is attached already.
const ProgramFact* own_program(const InterfaceFacts& facts)
{
    const auto ours = std::ranges::find(facts.programs, ProgramOwner::ours, &ProgramFact::owner);
    return ours != facts.programs.end() ? &*ours : nullptr;
}

// Each of these knows one reason for which native mode is refused.

std::optional<Obstacle> driver_without_xdp(const InterfaceFacts& facts, KernelVersion)
{
    if (!facts.features.xdp || facts.features.xdp->native)
        return std::nullopt;
    if (facts.interface.driver == "veth")
        return Obstacle{
            "a veth takes native XDP only with a peer that has no more tx queues than it has rx queues",
            ethtool("-L", facts, "rx N, or fewer tx queues on the peer")};
    if (!facts.features.lower.empty())
        return Obstacle{"a " + facts.features.kind + " has no native XDP",
                        "attach to " + facts.features.lower};
    if (!facts.features.members.empty())
        return Obstacle{"a " + facts.features.kind + " has no native XDP", "attach to its members"};
    return Obstacle{driver_name(facts) + " has no native XDP", ""};
}

std::optional<Obstacle> fixed_gro_hw(const InterfaceFacts& facts, KernelVersion)
{
    const auto& gro_hw = facts.features.gro_hw;
    if (facts.interface.driver != "virtio_net" || !gro_hw || !gro_hw->on || !gro_hw->fixed)
        return std::nullopt;
    return Obstacle{"GRO_HW is on and fixed by the host, and virtio_net then refuses native XDP",
                    "start the guest with guest_tso4=off guest_tso6=off guest_ecn=off guest_ufo=off, or "
                    "ctrl_guest_offloads=on"};
}

std::optional<Obstacle> mtu_beyond_page(const InterfaceFacts& facts, KernelVersion kernel)
{
    const bool several =
        kernel >= multi_buffer_since && facts.features.xdp && facts.features.xdp->multi_buffer;
    const std::uint32_t limit = one_buffer(facts);
    if (several || facts.interface.mtu <= limit || !may_be_native(facts))
        return std::nullopt;
    std::string why = ", and the kernel is older than 5.18";
    if (kernel >= multi_buffer_since)
        why = ", and " + driver_name(facts) +
              (facts.features.xdp ? " takes no frame in several" : " may take no frame in several");
    return Obstacle{"MTU " + std::to_string(facts.interface.mtu) + " is more than one buffer holds (about " +
                        std::to_string(limit) + ")" + why,
                    "ip link set " + facts.interface.name + " mtu " + std::to_string(limit)};
}

std::optional<Obstacle> lro_on(const InterfaceFacts& facts, KernelVersion)
{
    if (!is_on(facts.features.lro) || facts.interface.driver == "virtio_net")
        return std::nullopt;
    return Obstacle{"LRO is on, and most drivers then refuse native XDP", ethtool("-K", facts, "lro off")};
}

std::optional<Obstacle> ena_channels(const InterfaceFacts& facts, KernelVersion)
{
    const auto& channels = facts.features.channels;
    if (facts.interface.driver != "ena" || !channels || channels->combined * 2 <= channels->max_combined)
        return std::nullopt;
    return Obstacle{
        std::to_string(channels->combined) + " channels of " + std::to_string(channels->max_combined) +
            " are in use, and ena wants the other half free for XDP",
        ethtool("-L", facts, "combined " + std::to_string(std::max(1U, channels->max_combined / 2)))};
}

constexpr std::array obstacles = {driver_without_xdp, fixed_gro_hw, mtu_beyond_page, lro_on, ena_channels};

// Findings.

void judge_link(const InterfaceFacts& facts, Findings& findings)
{
    const Interface& interface = facts.interface;
    const std::string text = interface.name + ": index " + std::to_string(interface.index) + ", " +
                             (interface.driver.empty() ? "no driver" : "driver " + interface.driver) +
                             ", MTU " + std::to_string(interface.mtu);
    if (interface.up)
        findings.push_back({Severity::ok, "interface", text + ", up", ""});
    else
        findings.push_back({Severity::warn, "interface", text + ", down: it counts as soon as it is up",
                            "ip link set " + interface.name + " up"});
}

std::string join(const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : " ") + name;
    return text;
}

void judge_place(const InterfaceFacts& facts, Findings& findings)
{
    const LinkFeatures& features = facts.features;
    const std::string& name = facts.interface.name;
    if (!features.members.empty())
        findings.push_back(
            {Severity::warn, "place",
             name + " is a " + features.kind + " of " + join(features.members) +
                 ": what it receives is counted by its members first, and told apart only there",
             "xdpstat attach " + join(features.members)});
    // A veth's link is its other end, which lies beside it.
    if (!features.lower.empty() && features.kind != "veth")
        findings.push_back({Severity::warn, "place",
                            name + " is a " + features.kind + " above " + features.lower +
                                ": frames come here after GRO and without their tag",
                            "xdpstat attach " + features.lower});
    if (!features.master.empty())
        findings.push_back({Severity::info, "place",
                            name + " belongs to " + features.master +
                                (features.master_kind.empty() ? "" : ", a " + features.master_kind) +
                                ": here is the right place to count",
                            "attach to the other members too"});
    // The kernel takes native programs either on the bond or on its members.
    if (facts.occupied_master && features.master_kind == "bond")
        findings.push_back(
            {Severity::fail, "bond",
             facts.occupied_master->interface + " has XDP program id " +
                 std::to_string(facts.occupied_master->program_id) + ", so its members take none",
             "detach that one first: ip link set " + facts.occupied_master->interface + " xdp off"});
    if (features.kind == "bond")
        for (const OccupiedFact& member : facts.occupied_members)
            findings.push_back(
                {Severity::fail, "bond",
                 "member " + member.interface + " has XDP program id " + std::to_string(member.program_id) +
                     ", so the bond takes none",
                 "attach to the members, or detach that one: ip link set " + member.interface + " xdp off"});
}

void judge_frames(const InterfaceFacts& facts, Findings& findings)
{
    if (facts.interface.ethernet)
        findings.push_back({Severity::ok, "frames", "with an Ethernet header", ""});
    else
        findings.push_back({Severity::fail, "frames",
                            "without an Ethernet header, from which the counter starts: it refuses to attach",
                            "attach to the interface that carries its packets"});
}

void judge_mtu(const InterfaceFacts& facts, const MachineFacts& machine, Findings& findings)
{
    const std::string mtu = std::to_string(facts.interface.mtu);
    const ProgramFact* ours = own_program(facts);
    if (ours != nullptr && ours->mode != bpfxx::XdpMode::generic)
        findings.push_back({Severity::ok, "MTU",
                            mtu + ", with which it is attached in " + bpfxx::to_string(ours->mode) + " mode",
                            ""});
    else if (!may_be_native(facts))
        findings.push_back({Severity::ok, "MTU", mtu + ": generic mode takes any", ""});
    else if (const auto obstacle = mtu_beyond_page(facts, machine.kernel))
        findings.push_back({Severity::warn, "MTU", obstacle->why, obstacle->to_do});
    else if (facts.interface.mtu <= one_buffer(facts))
        findings.push_back(
            {Severity::ok, "MTU",
             mtu + ": a frame fits in one buffer, which holds about " + std::to_string(one_buffer(facts)),
             ""});
    else
        findings.push_back(
            {Severity::ok, "MTU", mtu + ": " + driver_name(facts) + " takes a frame in several buffers", ""});
}

void judge_features(const InterfaceFacts& facts, Findings& findings)
{
    const auto judge = [&](const char* what, const char* option, const std::optional<Feature>& feature) {
        if (!feature)
            return;
        if (!feature->on)
            findings.push_back({Severity::ok, what, "off", ""});
        else if (feature->fixed)
            findings.push_back(
                {Severity::warn, what, "on and fixed: several frames may be counted as one", ""});
        else
            findings.push_back({Severity::warn, what,
                                "on: several frames may be counted as one, or XDP refused",
                                ethtool("-K", facts, std::string(option) + " off")});
    };
    judge("LRO", "lro", facts.features.lro);
    judge("GRO_HW", "rx-gro-hw", facts.features.gro_hw);
}

void judge_queues(const InterfaceFacts& facts, const MachineFacts& machine, Findings& findings)
{
    const auto& channels = facts.features.channels;
    if (!channels || facts.interface.driver != "virtio_net")
        return;
    const std::uint32_t wanted = channels->combined + machine.possible_cpus;
    if (wanted > channels->max_combined && machine.kernel < virtio_shares_queues_since)
        findings.push_back(
            {Severity::warn, "queues",
             std::to_string(channels->max_combined) + " queues, and native XDP wants " +
                 std::to_string(wanted) + " before kernel 5.13",
             "give the guest more queues (twice its CPUs), or " + ethtool("-L", facts, "combined N")});
}

std::string describe(const ProgramFact& program)
{
    std::string text =
        (program.name.empty() ? "" : "'" + program.name + "' ") + "id " + std::to_string(program.id);
    if (!program.tag.empty())
        text += ", tag " + program.tag;
    return text + ", " + bpfxx::to_string(program.mode) + " mode";
}

void judge_programs(const InterfaceFacts& facts, Findings& findings)
{
    const std::string& name = facts.interface.name;
    const std::string off = "ip link set " + name + " xdp off";
    if (facts.programs.empty())
        findings.push_back({Severity::ok, "XDP program", "none: the interface is free", ""});
    for (const ProgramFact& program : facts.programs) {
        const std::string text = describe(program);
        switch (program.owner) {
        case ProgramOwner::ours:
            findings.push_back({Severity::ok, "XDP program", "the counter is attached: " + text, ""});
            break;
        case ProgramOwner::dispatcher_libxdp:
            findings.push_back({Severity::fail, "XDP program",
                                "libxdp's dispatcher holds the interface: " + text,
                                "run the counter beside its programs: xdpstat attach " + name +
                                    " --dispatcher; or xdp-loader unload " + name + " --all"});
            break;
        case ProgramOwner::dispatcher_bpfman:
            findings.push_back(
                {Severity::fail, "XDP program", "bpfman's dispatcher holds the interface: " + text,
                 "run the counter from it: bpfman load, or remove its programs: bpfman unload"});
            break;
        case ProgramOwner::dispatcher:
            findings.push_back({Severity::fail, "XDP program", "a dispatcher holds the interface: " + text,
                                "unload it by what loaded it: xdp-loader status, bpfman list"});
            break;
        case ProgramOwner::hidden:
            findings.push_back({Severity::info, "XDP program",
                                "whose it is may not be seen without CAP_SYS_ADMIN: " + text,
                                "ask as root: sudo xdpstat doctor " + name});
            break;
        case ProgramOwner::other:
            findings.push_back({Severity::fail, "XDP program", "another program holds the interface: " + text,
                                "detach it first: bpftool net; " + off});
            break;
        }
    }
}

void judge_mode(const InterfaceFacts& facts, const MachineFacts& machine, Findings& findings)
{
    const ExpectedMode expected = expected_mode(facts, machine.kernel);
    const ProgramFact* ours = own_program(facts);
    if (ours != nullptr && ours->mode != bpfxx::XdpMode::generic) {
        findings.push_back(
            {Severity::ok, "mode", std::string(bpfxx::to_string(ours->mode)) + ", as it is attached", ""});
        return;
    }
    const std::string guess = expected.is_guess ? "probably " : "";
    const bool attached = ours != nullptr;
    if (expected.mode == bpfxx::XdpMode::native && attached)
        findings.push_back(
            {Severity::warn, "mode", "generic, as it is attached, though native is possible",
             "xdpstat detach " + facts.interface.name + " && xdpstat attach " + facts.interface.name});
    else if (expected.mode == bpfxx::XdpMode::native)
        findings.push_back({Severity::ok, "mode", guess + "native: " + expected.why, ""});
    else
        findings.push_back({Severity::warn, "mode",
                            (attached ? "generic, as it is attached: " : guess + "generic: ") + expected.why +
                                "; it counts the same frames, later and at a higher cost",
                            expected.to_do});
}

} // namespace

ExpectedMode expected_mode(const InterfaceFacts& facts, KernelVersion kernel)
{
    for (const auto& obstacle : obstacles)
        if (const auto found = obstacle(facts, kernel))
            return {bpfxx::XdpMode::generic, found->why, found->to_do, !facts.features.xdp.has_value()};
    if (facts.features.xdp)
        return {bpfxx::XdpMode::native, driver_name(facts) + " says it takes XDP programs", "", false};
    if (may_be_native(facts))
        return {bpfxx::XdpMode::native, "driver " + facts.interface.driver + " is known for it", "", true};
    return {bpfxx::XdpMode::generic, driver_name(facts) + " is not known for native XDP", "", true};
}

Findings judge_interface(const InterfaceFacts& facts, const MachineFacts& machine)
{
    Findings findings;
    judge_link(facts, findings);
    judge_frames(facts, findings);
    judge_mtu(facts, machine, findings);
    judge_place(facts, findings);
    judge_features(facts, findings);
    judge_queues(facts, machine, findings);
    judge_programs(facts, findings);
    judge_mode(facts, machine, findings);
    return findings;
}

Finding judge_missing(const bpfxx::Error& error)
{
    return {Severity::fail, "interface", std::string(error.object()) + ": " + error.cause(), error.hint()};
}

} // namespace xdpstat
