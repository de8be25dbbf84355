// SPDX-License-Identifier: BSD-2-Clause
#include "counter/doctor.hpp"

#include <algorithm>
#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xdpstat {
namespace {

using ::testing::HasSubstr;

MachineFacts good_machine()
{
    MachineFacts facts;
    facts.kernel = {6, 18};
    facts.release = "6.18.0";
    facts.kernel_btf = true;
    facts.pin_root = "/sys/fs/bpf/xdpstat";
    facts.pin_root_on_bpffs = true;
    facts.held = {.bpf = true, .net_admin = true, .perfmon = true, .sys_admin = true};
    facts.is_root = true;
    facts.lockdown = "none";
    facts.unprivileged_bpf_disabled = 2;
    facts.jit = 1;
    facts.possible_cpus = facts.online_cpus = 2;
    return facts;
}

InterfaceFacts good_interface()
{
    InterfaceFacts facts;
    facts.interface = {
        .name = "eth0", .index = 2, .mtu = 1500, .up = true, .driver = "ice", .ethernet = true};
    facts.features.xdp = XdpFeatures{.native = true, .multi_buffer = true, .offload = false};
    facts.features.lro = Feature{};
    facts.features.gro_hw = Feature{};
    return facts;
}

using Findings = std::vector<Finding>;

Finding find(const Findings& findings, const std::string& what)
{
    const auto found = std::ranges::find(findings, what, &Finding::what);
    if (found == findings.end()) {
        ADD_FAILURE() << "no finding '" << what << "'";
        return {};
    }
    return *found;
}

/// Whatever is in the way has a way out of it.
void expect_failure(const Findings& findings, const std::string& what)
{
    const Finding finding = find(findings, what);
    EXPECT_EQ(finding.severity, Severity::fail) << what;
    EXPECT_FALSE(finding.to_do.empty()) << what;
    EXPECT_TRUE(any_failure(findings));
}

bool all_ok(const Findings& findings)
{
    return std::ranges::all_of(findings,
                               [](const Finding& finding) { return finding.severity == Severity::ok; });
}

TEST(JudgeInterface, RefusesFramesWithoutAnEthernetHeader)
{
    InterfaceFacts facts = good_interface();
    EXPECT_EQ(find(judge_interface(facts, good_machine()), "frames").severity, Severity::ok);
    facts.interface.ethernet = false;
    expect_failure(judge_interface(facts, good_machine()), "frames");
}

TEST(Doctor, FindsAGoodMachineGood)
{
    EXPECT_TRUE(all_ok(judge_machine(good_machine())));
    EXPECT_TRUE(all_ok(judge_interface(good_interface(), good_machine())));
}

TEST(Doctor, ReadsKernelReleases)
{
    EXPECT_EQ(parse_kernel_release("6.18.44-amd64"), (KernelVersion{6, 18}));
    EXPECT_EQ(parse_kernel_release("5.10-rc1"), (KernelVersion{5, 10}));
    EXPECT_EQ(parse_kernel_release("7.3"), (KernelVersion{7, 3}));
    for (const char* bad : {"", "6", "6.", "six.one", ".1"})
        EXPECT_EQ(parse_kernel_release(bad), KernelVersion{}) << bad;
}

TEST(Doctor, RefusesKernelsBelowTheFloor)
{
    auto facts = good_machine();
    facts.kernel = {5, 9};
    expect_failure(judge_machine(facts), "kernel");
}

TEST(Doctor, SaysWhatAnOldKernelLacks)
{
    auto facts = good_machine();
    facts.kernel = {5, 10};
    const auto old = find(judge_machine(facts), "kernel");
    EXPECT_EQ(old.severity, Severity::info);
    EXPECT_THAT(old.detail, ::testing::AllOf(HasSubstr("(5.18)"), HasSubstr("(6.2)"), HasSubstr("(6.3)")));
    facts.kernel = {6, 1};
    EXPECT_THAT(find(judge_machine(facts), "kernel").detail, ::testing::Not(HasSubstr("(5.18)")));
}

TEST(Doctor, NamesWhatIsMissingOfTheMachine)
{
    const auto failing = [](const std::string& what, auto change) {
        auto facts = good_machine();
        change(facts);
        expect_failure(judge_machine(facts), what);
    };
    failing("bpffs", [](auto& facts) { facts.pin_root_on_bpffs = false; });
    failing("bpffs", [](auto& facts) {
        facts.pin_root = "/run/pins";
        facts.pin_root_on_bpffs = false;
    });
    failing("capabilities", [](auto& facts) { facts.held.net_admin = false; });
    failing("capabilities", [](auto& facts) { facts.own_user_namespace = true; });
    failing("bpf()", [](auto& facts) { facts.bpf_error = EPERM; });
    failing("bpf()", [](auto& facts) { facts.bpf_error = ENOSYS; });
    failing("memory lock", [](auto& facts) {
        facts.kernel = {5, 10};
        facts.memory_lock_limit = 64 << 10;
    });
}

TEST(Doctor, SaysNothingOfALimitThatIsRaisedAsTheProgramIsLoaded)
{
    auto facts = good_machine();
    facts.kernel = {5, 10};
    facts.memory_lock_limit = 64 << 10;
    facts.held.sys_resource = true;
    for (const Finding& finding : judge_machine(facts))
        EXPECT_NE(finding.what, "memory lock");
}

TEST(Doctor, OffersToMountABpfFileSystem)
{
    auto facts = good_machine();
    facts.pin_root_on_bpffs = false;
    EXPECT_THAT(find(judge_machine(facts), "bpffs").to_do, HasSubstr("--mount-bpffs"));
}

TEST(Doctor, NamesTheCapabilitiesThatAreMissing)
{
    auto facts = good_machine();
    facts.held = {};
    facts.is_root = false;
    const auto finding = find(judge_machine(facts), "capabilities");
    EXPECT_THAT(finding.detail, HasSubstr("CAP_BPF, CAP_NET_ADMIN"));
    EXPECT_THAT(finding.to_do, HasSubstr("sudo"));
    facts.is_root = true;
    EXPECT_THAT(find(judge_machine(facts), "capabilities").to_do, HasSubstr("--cap-add"));
}

TEST(Doctor, HintsAtTheSeccompProfile)
{
    auto facts = good_machine();
    facts.bpf_error = EPERM;
    facts.seccomp = true;
    EXPECT_THAT(find(judge_machine(facts), "bpf()").to_do, HasSubstr("seccomp"));
}

TEST(Doctor, WarnsOfWhatOnlyCosts)
{
    auto facts = good_machine();
    facts.jit = 0;
    facts.lockdown = "confidentiality";
    facts.possible_cpus = 4;
    facts.pins = {{"/sys/fs/bpf/xdpstat/eth9", "it counts no more", "xdpstat detach eth9"}};
    const auto findings = judge_machine(facts);
    EXPECT_FALSE(any_failure(findings));
    for (const char* what : {"JIT", "lockdown", "pins"})
        EXPECT_EQ(find(findings, what).severity, Severity::warn) << what;
    EXPECT_THAT(find(findings, "CPUs").detail, HasSubstr("4 possible, 2 online"));
}

/// A setting that was not read is told apart from one that the kernel has not, and neither is passed over.
TEST(Doctor, SaysWhichSettingsCouldNotBeRead)
{
    const auto finding_of = [](const std::string& what, Unread unread, bool is_root = false) {
        auto facts = good_machine();
        facts.is_root = is_root;
        facts.lockdown = std::unexpected(unread);
        facts.jit = std::unexpected(unread);
        return find(judge_machine(facts), what);
    };
    for (const auto& [what, file] : {std::pair("lockdown", "/sys/kernel/security/lockdown"),
                                     std::pair("JIT", "/proc/sys/net/core/bpf_jit_enable")}) {
        const Finding forbidden = finding_of(what, Unread::forbidden);
        EXPECT_EQ(forbidden.severity, Severity::info) << what;
        EXPECT_EQ(forbidden.detail, std::string(file) + " cannot be read by this user");
        EXPECT_THAT(forbidden.to_do, HasSubstr("run as root"));
        EXPECT_THAT(finding_of(what, Unread::forbidden, true).to_do, HasSubstr("security module"));
        const Finding hidden = finding_of(what, Unread::hidden);
        EXPECT_EQ(hidden.severity, Severity::info) << what;
        EXPECT_THAT(hidden.detail, HasSubstr("unknown"));
        EXPECT_FALSE(hidden.to_do.empty()) << what;
    }
    EXPECT_EQ(finding_of("lockdown", Unread::absent).severity, Severity::ok);
    EXPECT_EQ(finding_of("JIT", Unread::absent).severity, Severity::warn);
    EXPECT_THAT(finding_of("JIT", Unread::absent).to_do, HasSubstr("CONFIG_BPF_JIT"));
}

TEST(Doctor, FailsWithoutTheKernelsBtf)
{
    auto facts = good_machine();
    facts.kernel_btf = false;
    const auto findings = judge_machine(facts);
    EXPECT_TRUE(any_failure(findings));
    EXPECT_EQ(find(findings, "BTF").severity, Severity::fail);
}

TEST(Doctor, MemoryLockMattersToOldKernelsOnly)
{
    auto facts = good_machine();
    facts.memory_lock_limit = 0;
    EXPECT_TRUE(all_ok(judge_machine(facts)));
}

TEST(Doctor, ExpectsTheModeThatTheDriverTells)
{
    auto facts = good_interface();
    EXPECT_EQ(expected_mode(facts, {6, 18}).mode, bpfxx::XdpMode::native);
    facts.features.xdp->native = false;
    const auto expected = expected_mode(facts, {6, 18});
    EXPECT_EQ(expected.mode, bpfxx::XdpMode::generic);
    EXPECT_FALSE(expected.is_guess);
    EXPECT_FALSE(any_failure(judge_interface(facts, good_machine())));
}

TEST(Doctor, GuessesByTheDriversNameOnOldKernels)
{
    auto facts = good_interface();
    facts.features.xdp.reset();
    const KernelVersion old{6, 1};
    EXPECT_EQ(expected_mode(facts, old).mode, bpfxx::XdpMode::native);
    EXPECT_TRUE(expected_mode(facts, old).is_guess);
    facts.interface.driver = "e1000";
    EXPECT_EQ(expected_mode(facts, old).mode, bpfxx::XdpMode::generic);
    EXPECT_TRUE(expected_mode(facts, old).is_guess);
}

/// What makes a driver refuse native mode, and what is to be done about it.
TEST(Doctor, KnowsWhyDriversRefuseNativeMode)
{
    const auto generic = [](const std::string& why, const std::string& to_do, auto change,
                            KernelVersion kernel = {6, 18}) {
        auto facts = good_interface();
        change(facts);
        const auto expected = expected_mode(facts, kernel);
        EXPECT_EQ(expected.mode, bpfxx::XdpMode::generic) << why;
        EXPECT_THAT(expected.why, HasSubstr(why));
        EXPECT_THAT(expected.to_do, HasSubstr(to_do));
    };
    const auto jumbo = [](auto& facts) { facts.interface.mtu = 9000; };
    generic("MTU 9000", "mtu 3498", [&](auto& facts) {
        jumbo(facts);
        facts.features.xdp->multi_buffer = false;
    });
    generic("older than 5.18", "mtu 3498", jumbo, {5, 15});
    generic("LRO", "lro off", [](auto& facts) { facts.features.lro->on = true; });
    generic("GRO_HW", "guest_tso4=off", [](auto& facts) {
        facts.interface.driver = "virtio_net";
        facts.features.gro_hw = Feature{.on = true, .fixed = true};
    });
    generic("5 channels of 8", "combined 4", [](auto& facts) {
        facts.interface.driver = "ena";
        facts.features.channels = Channels{.combined = 5, .max_combined = 8, .rx = 0, .max_rx = 0};
    });
    generic("no more tx queues", "ethtool -L eth0", [](auto& facts) {
        facts.interface.driver = "veth";
        facts.features.xdp->native = false;
    });
    generic("a vlan has no native XDP", "attach to eth1", [](auto& facts) {
        facts.features.xdp->native = false;
        facts.features.kind = "vlan";
        facts.features.lower = "eth1";
    });
}

TEST(Doctor, TakesJumboFramesWhereTheDriverDoes)
{
    auto facts = good_interface();
    facts.interface.mtu = 9000;
    EXPECT_EQ(expected_mode(facts, {6, 18}).mode, bpfxx::XdpMode::native);
}

/// Whatever the MTU is, it is held against the driver, and a line says with what outcome.
TEST(Doctor, AlwaysJudgesTheMtu)
{
    const auto expect_mtu = [](const InterfaceFacts& facts, Severity severity, const std::string& detail,
                               KernelVersion kernel = {6, 18}) {
        auto machine = good_machine();
        machine.kernel = kernel;
        const Finding finding = find(judge_interface(facts, machine), "MTU");
        EXPECT_EQ(finding.severity, severity) << finding.detail;
        EXPECT_THAT(finding.detail, HasSubstr(detail));
        EXPECT_EQ(finding.to_do.empty(), severity == Severity::ok);
    };
    auto facts = good_interface();
    expect_mtu(facts, Severity::ok, "1500: a frame fits in one buffer, which holds about 3498");
    facts.interface.mtu = 3498;
    expect_mtu(facts, Severity::ok, "fits in one buffer");
    facts.interface.mtu = 3499;
    expect_mtu(facts, Severity::ok, "3499: driver ice takes a frame in several buffers");
    expect_mtu(facts, Severity::warn, "older than 5.18", {5, 15});
    facts.features.xdp->multi_buffer = false;
    expect_mtu(facts, Severity::warn, "driver ice takes no frame in several");
    facts.features.xdp.reset();
    expect_mtu(facts, Severity::warn, "driver ice may take no frame in several", {6, 1});
    facts.programs = {{.id = 42,
                       .mode = bpfxx::XdpMode::native,
                       .name = "xdp_counter",
                       .tag = "",
                       .owner = ProgramOwner::ours}};
    expect_mtu(facts, Severity::ok, "3499, with which it is attached in native mode", {6, 1});
    facts.programs[0].mode = bpfxx::XdpMode::generic;
    expect_mtu(facts, Severity::warn, "may take no frame in several", {6, 1});
    facts.programs.clear();
    facts.interface.driver = "e1000";
    expect_mtu(facts, Severity::ok, "generic mode takes any", {6, 1});
    EXPECT_THAT(expected_mode(facts, {6, 1}).why, HasSubstr("not known for native XDP"));
    facts.features.xdp = XdpFeatures{};
    expect_mtu(facts, Severity::ok, "generic mode takes any");
}

TEST(Doctor, NamesTheProgramThatHoldsTheInterface)
{
    auto facts = good_interface();
    ProgramFact program{
        .id = 42, .mode = bpfxx::XdpMode::native, .name = "firewall", .tag = "00112233aabbccdd"};
    facts.programs = {program};
    expect_failure(judge_interface(facts, good_machine()), "XDP program");
    EXPECT_THAT(find(judge_interface(facts, good_machine()), "XDP program").detail,
                ::testing::AllOf(HasSubstr("'firewall' id 42"), HasSubstr("00112233aabbccdd"),
                                 HasSubstr("native mode")));
    const auto said_of = [&](ProgramOwner owner) {
        facts.programs[0].owner = owner;
        expect_failure(judge_interface(facts, good_machine()), "XDP program");
        return find(judge_interface(facts, good_machine()), "XDP program").detail;
    };
    EXPECT_THAT(said_of(ProgramOwner::dispatcher_libxdp), HasSubstr("libxdp"));
    EXPECT_THAT(said_of(ProgramOwner::dispatcher_bpfman), HasSubstr("bpfman"));
    EXPECT_THAT(said_of(ProgramOwner::dispatcher), HasSubstr("dispatcher"));
}

TEST(Doctor, KnowsTheCounterItself)
{
    auto facts = good_interface();
    facts.programs = {{.id = 42,
                       .mode = bpfxx::XdpMode::native,
                       .name = "xdp_counter",
                       .tag = "",
                       .owner = ProgramOwner::ours}};
    EXPECT_TRUE(all_ok(judge_interface(facts, good_machine())));
    facts.programs[0].mode = bpfxx::XdpMode::generic;
    const auto mode = find(judge_interface(facts, good_machine()), "mode");
    EXPECT_EQ(mode.severity, Severity::warn);
    EXPECT_THAT(mode.to_do, HasSubstr("xdpstat detach eth0"));
}

TEST(Doctor, SendsToTheMembersOfABond)
{
    auto facts = good_interface();
    facts.features.kind = "bond";
    facts.features.members = {"eth1", "eth2"};
    EXPECT_THAT(find(judge_interface(facts, good_machine()), "place").to_do, HasSubstr("eth1 eth2"));
    facts.occupied_members = {{"eth1", 7}};
    expect_failure(judge_interface(facts, good_machine()), "bond");
}

TEST(Doctor, SendsBelowAVlanButNotToTheOtherEndOfAVeth)
{
    auto facts = good_interface();
    facts.features.lower = "eth1";
    facts.features.kind = "vlan";
    EXPECT_EQ(find(judge_interface(facts, good_machine()), "place").to_do, "xdpstat attach eth1");
    facts.features.kind = "veth";
    EXPECT_TRUE(all_ok(judge_interface(facts, good_machine())));
}

TEST(Doctor, SeesTheBondThatKeepsItsMembersFree)
{
    auto facts = good_interface();
    facts.features.master = "bond0";
    facts.features.master_kind = "bond";
    EXPECT_FALSE(any_failure(judge_interface(facts, good_machine())));
    facts.occupied_master = OccupiedFact{"bond0", 7};
    expect_failure(judge_interface(facts, good_machine()), "bond");
}

TEST(Doctor, WarnsOfAnInterfaceThatIsDown)
{
    auto facts = good_interface();
    facts.interface.up = false;
    const auto finding = find(judge_interface(facts, good_machine()), "interface");
    EXPECT_EQ(finding.severity, Severity::warn);
    EXPECT_EQ(finding.to_do, "ip link set eth0 up");
}

TEST(Doctor, CountsVirtioQueuesForOldKernels)
{
    auto facts = good_interface();
    facts.interface.driver = "virtio_net";
    facts.features.channels = Channels{.combined = 2, .max_combined = 2, .rx = 0, .max_rx = 0};
    EXPECT_TRUE(all_ok(judge_interface(facts, good_machine())));
    auto machine = good_machine();
    machine.kernel = {5, 10};
    EXPECT_EQ(find(judge_interface(facts, machine), "queues").severity, Severity::warn);
}

TEST(Doctor, PassesOnTheNearNames)
{
    const auto finding = judge_missing(bpfxx::make_error(bpfxx::ErrorKind::not_found, "find interface", "et0",
                                                         "no such interface", "did you mean eth0?"));
    EXPECT_EQ(finding.severity, Severity::fail);
    EXPECT_EQ(finding.to_do, "did you mean eth0?");
}

} // namespace
} // namespace xdpstat
