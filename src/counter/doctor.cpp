// SPDX-License-Identifier: BSD-2-Clause
#include "counter/doctor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace xdpstat {

namespace {

constexpr KernelVersion kernel_floor{5, 10};

/// What a kernel lacks that is older than a version; the counter goes without it.
struct Milestone {
    KernelVersion since;
    const char* lacks = nullptr;
};
constexpr std::array milestones = {
    Milestone{{5, 18},
              "multi-buffer frames: native mode only up to a page's MTU, jumbo frames in generic mode"},
    Milestone{{6, 2}, "kernel functions in XDP: a frame's length costs a helper's call, some nanoseconds"},
    Milestone{{6, 3}, "a driver's word on XDP: the mode below is a guess"},
};
constexpr KernelVersion memory_by_cgroup{5, 11};
/// From here on the switch keeps to what creates: loading programs, making maps.
constexpr KernelVersion free_reading{5, 19};
/// Both maps, one slot a CPU, and the program, with room to spare; in bytes.
constexpr std::uint64_t memory_fixed = 1 << 20;
constexpr std::uint64_t memory_a_cpu = 16 << 10;

/// For root, whom only a security module keeps out.
constexpr const char* see_the_log = "see the security module's log: ausearch -m avc, or dmesg";

std::string version(KernelVersion kernel)
{
    return std::to_string(kernel.major) + "." + std::to_string(kernel.minor);
}

using Findings = std::vector<Finding>;

void judge_kernel(const MachineFacts& facts, Findings& findings)
{
    if (facts.kernel < kernel_floor) {
        findings.push_back({Severity::fail, "kernel",
                            facts.release + " is older than " + version(kernel_floor),
                            "boot a newer kernel"});
        return;
    }
    std::string lacks;
    for (const Milestone& milestone : milestones)
        if (facts.kernel < milestone.since)
            lacks += (lacks.empty() ? "; it lacks " : "; ") + std::string(milestone.lacks) + " (" +
                     version(milestone.since) + ")";
    if (lacks.empty())
        findings.push_back({Severity::ok, "kernel", facts.release + ", has all that is used", ""});
    else
        findings.push_back({Severity::info, "kernel", facts.release + lacks, "a newer kernel counts faster"});
}

void judge_btf(const MachineFacts& facts, Findings& findings)
{
    if (facts.kernel_btf)
        findings.push_back({Severity::ok, "BTF", "/sys/kernel/btf/vmlinux is there", ""});
    else
        findings.push_back({Severity::fail, "BTF", "no /sys/kernel/btf/vmlinux: the program cannot be loaded",
                            "take a kernel with CONFIG_DEBUG_INFO_BTF=y, or mount /sys"});
}

void judge_bpffs(const MachineFacts& facts, Findings& findings)
{
    if (!facts.pin_root_on_bpffs)
        findings.push_back({Severity::warn, "bpffs", facts.pin_root + " cannot be looked at",
                            "run as root: sudo xdpstat doctor"});
    else if (*facts.pin_root_on_bpffs)
        findings.push_back({Severity::ok, "bpffs", facts.pin_root + " lies on a bpf file system", ""});
    else if (facts.pin_root.starts_with("/sys/fs/bpf"))
        findings.push_back({Severity::fail, "bpffs", "no bpf file system is mounted on /sys/fs/bpf",
                            "add --mount-bpffs to attach, or: mount -t bpf bpf /sys/fs/bpf"});
    else
        findings.push_back({Severity::fail, "bpffs", facts.pin_root + " does not lie on a bpf file system",
                            "mount one there, or choose a folder on one with --pin-root"});
}

void judge_capabilities(const MachineFacts& facts, Findings& findings)
{
    const auto missing = missing_to_attach(facts.held);
    std::string names;
    for (const std::string& name : missing)
        names += (names.empty() ? "" : ", ") + name;
    if (facts.own_user_namespace)
        findings.push_back(
            {Severity::fail, "capabilities",
             "this is a user namespace of its own: its capabilities do not count for BPF",
             "run in the first user namespace: outside of a rootless container or unshare -U"});
    else if (!missing.empty())
        findings.push_back({Severity::fail, "capabilities", "missing to attach: " + names,
                            facts.is_root ? "give the container: --cap-add BPF --cap-add NET_ADMIN"
                                          : "run as root: sudo xdpstat ..."});
    else
        findings.push_back({Severity::ok, "capabilities", "enough to load and attach", ""});

    if (missing.empty() && !facts.held.perfmon)
        findings.push_back({Severity::info, "CAP_PERFMON", "missing: a frame's length costs a helper's call",
                            "add CAP_PERFMON (--cap-add PERFMON) for some nanoseconds a frame"});
    if (!facts.held.sys_admin)
        findings.push_back({Severity::info, "CAP_SYS_ADMIN",
                            "missing: the BTF of maps and other people's programs cannot be read",
                            "run as root where a layout must be proved or a program named"});
}

void judge_bpf_call(const MachineFacts& facts, Findings& findings)
{
    if (facts.bpf_error == 0)
        return;
    if (facts.bpf_error == ENOSYS)
        findings.push_back({Severity::fail, "bpf()", "the kernel has no such system call",
                            "take a kernel with CONFIG_BPF_SYSCALL=y"});
    else
        findings.push_back({Severity::fail, "bpf()",
                            std::string("refused altogether: ") + std::strerror(facts.bpf_error) +
                                (facts.seccomp ? "; a seccomp filter is in force" : "") +
                                (facts.in_container ? ", in a container" : ""),
                            facts.seccomp || facts.in_container
                                ? "allow bpf in the seccomp profile of the container, or run with "
                                  "--security-opt seccomp=unconfined"
                                : see_the_log});
}

Finding forbidden(const MachineFacts& facts, const char* what, const char* file)
{
    return {Severity::info, what, std::string(file) + " cannot be read by this user",
            facts.is_root ? see_the_log : "run as root: sudo xdpstat doctor"};
}

void judge_lockdown(const MachineFacts& facts, Findings& findings)
{
    constexpr const char* what = "lockdown";
    if (facts.lockdown == std::unexpected(Unread::forbidden))
        findings.push_back(forbidden(facts, what, "/sys/kernel/security/lockdown"));
    else if (facts.lockdown == std::unexpected(Unread::hidden))
        findings.push_back({Severity::info, what, "unknown: no securityfs is mounted on /sys/kernel/security",
                            "as root: mount -t securityfs securityfs /sys/kernel/security"});
    else if (!facts.lockdown)
        findings.push_back({Severity::ok, what, "the kernel has none", ""});
    else if (*facts.lockdown == "confidentiality")
        findings.push_back(
            {Severity::warn, what,
             "confidentiality: reading kernel memory is off, so faster ways to a length may be refused",
             "if attaching fails, boot with lockdown=integrity"});
    else
        findings.push_back({Severity::ok, what, *facts.lockdown + ", which lets XDP programs load", ""});
}

void judge_jit(const MachineFacts& facts, Findings& findings)
{
    constexpr const char* what = "JIT";
    if (facts.jit == std::unexpected(Unread::forbidden))
        findings.push_back(forbidden(facts, what, "/proc/sys/net/core/bpf_jit_enable"));
    else if (facts.jit == std::unexpected(Unread::hidden))
        findings.push_back({Severity::info, what,
                            "unknown: net.core.bpf_jit_enable shows in the first network namespace alone",
                            "run xdpstat doctor outside of network namespaces and containers"});
    else if (!facts.jit)
        findings.push_back({Severity::warn, what, "the kernel has none: every frame is interpreted",
                            "take a kernel with CONFIG_BPF_JIT=y"});
    else if (*facts.jit == 0)
        findings.push_back({Severity::warn, what, "net.core.bpf_jit_enable is 0: every frame is interpreted",
                            "sysctl -w net.core.bpf_jit_enable=1"});
    else
        findings.push_back({Severity::ok, what, "on", ""});
}

void judge_settings(const MachineFacts& facts, Findings& findings)
{
    if (facts.unprivileged_bpf_disabled)
        findings.push_back(
            {Severity::ok, "unprivileged",
             "kernel.unprivileged_bpf_disabled is " + std::to_string(*facts.unprivileged_bpf_disabled) +
                 (facts.kernel >= free_reading || *facts.unprivileged_bpf_disabled == 0
                      ? ": opening a pinned map takes no capability, only its file's permission"
                      : ": opening a pinned map takes CAP_BPF"),
             ""});

    const std::uint64_t wanted = memory_fixed + facts.possible_cpus * memory_a_cpu;
    // Who may raise the limit need not: libbpf does, as it loads.
    if (facts.kernel < memory_by_cgroup && !facts.held.sys_resource && facts.memory_lock_limit &&
        *facts.memory_lock_limit < wanted)
        findings.push_back(
            {Severity::fail, "memory lock",
             "the limit is " + std::to_string(*facts.memory_lock_limit >> 10) + " KiB, and about " +
                 std::to_string(wanted >> 10) + " KiB are wanted before kernel " + version(memory_by_cgroup),
             "ulimit -l unlimited, or give it CAP_SYS_RESOURCE, by which it raises the limit itself"});
    if (facts.possible_cpus > facts.online_cpus)
        findings.push_back({Severity::info, "CPUs",
                            std::to_string(facts.possible_cpus) + " possible, " +
                                std::to_string(facts.online_cpus) +
                                " online; maps have an entry for every possible one, and all are added up",
                            ""});
    else
        findings.push_back(
            {Severity::ok, "CPUs", std::to_string(facts.possible_cpus) + " possible, all online", ""});
}

void judge_pins(const MachineFacts& facts, Findings& findings)
{
    if (!facts.pins_error.empty())
        findings.push_back({Severity::info, "pins", facts.pins_error, "run as root: sudo xdpstat doctor"});
    for (const PinFact& pin : facts.pins)
        findings.push_back({Severity::warn, "pins", pin.directory + ": " + pin.problem, pin.to_do});
}

} // namespace

Findings judge_machine(const MachineFacts& facts)
{
    Findings findings;
    for (const auto judge : {judge_kernel, judge_btf, judge_bpffs, judge_capabilities, judge_bpf_call,
                             judge_lockdown, judge_jit, judge_settings, judge_pins})
        judge(facts, findings);
    return findings;
}

bool any_failure(const Findings& findings)
{
    return std::ranges::find(findings, Severity::fail, &Finding::severity) != findings.end();
}

} // namespace xdpstat
