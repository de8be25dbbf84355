// SPDX-License-Identifier: BSD-2-Clause
#include "counter/doctor_facts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpfxx/cpus.hpp"
#include "bpfxx/fd.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/program.hpp"
#include "counter/dispatcher.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

std::string first_line(const char* path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::optional<int> setting(const char* path)
{
    std::ifstream file(path);
    int value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
}

bool exists(const std::string& path)
{
    std::error_code error;
    return std::filesystem::exists(path, error);
}

/// What a short file of the kernel's says. @param in_sight whether it would be here if the kernel had it
std::expected<std::string, Unread> read_setting(const char* path, bool in_sight)
{
    const bpfxx::Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT)
        return std::unexpected(in_sight ? Unread::absent : Unread::hidden);
    std::array<char, 256> text{};
    const ::ssize_t size = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
    if (size <= 0)
        return std::unexpected(Unread::forbidden);
    return std::string(text.data(), static_cast<std::size_t>(size));
}

/// The word in brackets of "none [integrity] confidentiality".
std::expected<std::string, Unread> read_lockdown()
{
    struct statfs status = {};
    const bool in_sight = ::statfs("/sys/kernel/security", &status) == 0 && status.f_type == SECURITYFS_MAGIC;
    auto text = read_setting("/sys/kernel/security/lockdown", in_sight);
    if (!text)
        return text;
    const auto start = text->find('[');
    const auto end = text->find(']');
    return start < end && end != std::string::npos ? text->substr(start + 1, end - start - 1) : *text;
}

std::expected<int, Unread> read_jit()
{
    // It shows in the first network namespace alone, as this one does, which every kernel has.
    const bool in_sight = exists("/proc/sys/net/core/netdev_budget");
    const auto text = read_setting("/proc/sys/net/core/bpf_jit_enable", in_sight);
    if (!text)
        return std::unexpected(text.error());
    int value = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
    return parsed.ec == std::errc{} ? std::expected<int, Unread>(value) : std::unexpected(Unread::forbidden);
}

/// Whether bpf() gets as far as its own checks: a command without its argument fails with EFAULT there.
int probe_bpf()
{
    union bpf_attr attribute = {};
    if (::syscall(SYS_bpf, BPF_OBJ_GET, &attribute, sizeof(attribute)) >= 0)
        return 0;
    return errno == EPERM || errno == EACCES || errno == ENOSYS ? errno : 0;
}

bool in_own_user_namespace()
{
    std::ifstream file("/proc/self/uid_map");
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    if (!(file >> inside >> outside >> count))
        return false;
    return inside != 0 || outside != 0 || count != UINT32_MAX;
}

bool under_seccomp_filter()
{
    constexpr std::string_view key = "Seccomp:\t";
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(key))
            return line.substr(key.size()) == "2";
    return false;
}

std::optional<PinFact> look_at(const Instance& instance)
{
    const auto fact = [&](const std::string& problem) {
        return PinFact{instance.directory, problem, "xdpstat detach " + instance.interface};
    };
    if (instance.mode == mode_detached)
        return fact("it counts no more: the interface is gone, or its link was taken away");
    if (instance.program_id == 0)
        return fact("the program's pin is missing or broken");
    if (!exists(stats_pin(instance.directory)))
        return fact("the pin of " XDP_COUNTER_STATS_MAP " is missing");
    return std::nullopt;
}

void gather_pins(const PinRoot& root, MachineFacts& facts)
{
    std::error_code error;
    const bool is_there = std::filesystem::exists(root.path(), error);
    if (!error && !is_there)
        return;
    const auto instances = root.instances();
    if (!instances) {
        facts.pins_error = instances.error().message();
        return;
    }
    if (!facts.held.bpf && !instances->empty()) {
        facts.pins_error = "what is below " + root.path() + " cannot be opened without CAP_BPF";
        return;
    }
    for (const Instance& instance : *instances)
        if (auto problem = look_at(instance))
            facts.pins.push_back(std::move(*problem));
    for (const auto& entry : std::filesystem::directory_iterator(root.path(), error)) {
        const std::string folder = entry.path().filename().string();
        if (folder.starts_with(attaching_prefix) || folder.starts_with(detaching_prefix))
            facts.pins.push_back({entry.path().string(),
                                  "an attach or detach is under way here, or was cut short",
                                  "the next attach or detach below this root mends it"});
    }
}

ProgramOwner owner_of(const ProgramFact& program, std::uint32_t ifindex, const std::vector<Instance>& ours)
{
    if (std::ranges::any_of(ours, [&](const Instance& instance) {
            return instance.program_id == program.id ||
                   (instance.dispatcher && instance.dispatcher->program_id == program.id);
        }))
        return ProgramOwner::ours;
    if (const auto dispatcher = find_dispatcher(ifindex, program.id)) {
        switch (dispatcher->kind) {
        case DispatcherKind::libxdp:
            return ProgramOwner::dispatcher_libxdp;
        case DispatcherKind::bpfman:
            return ProgramOwner::dispatcher_bpfman;
        case DispatcherKind::unknown:
            return ProgramOwner::dispatcher;
        }
    }
    return program.name.empty() ? ProgramOwner::hidden : ProgramOwner::other;
}

std::vector<ProgramFact> gather_programs(const PinRoot& root, std::uint32_t ifindex)
{
    std::vector<ProgramFact> programs;
    const auto state = bpfxx::query_xdp(ifindex);
    if (!state || !state->any())
        return programs;
    const auto instances = root.instances();
    for (const auto mode : {bpfxx::XdpMode::native, bpfxx::XdpMode::generic, bpfxx::XdpMode::offload}) {
        if (state->id(mode) == 0)
            continue;
        ProgramFact fact{.id = state->id(mode), .mode = mode, .name = {}, .tag = {}};
        if (const auto program = bpfxx::Program::open_id(fact.id)) {
            if (const auto info = program->info()) {
                fact.name = info->name;
                fact.tag = info->tag;
            }
        }
        fact.owner = owner_of(fact, ifindex, instances ? *instances : std::vector<Instance>{});
        programs.push_back(std::move(fact));
    }
    return programs;
}

std::optional<OccupiedFact> occupied(const std::string& name)
{
    const auto interface = find_interface(name);
    const auto state = interface ? bpfxx::query_xdp(interface->index) : std::unexpected(interface.error());
    if (!state || !state->any())
        return std::nullopt;
    for (const std::uint32_t id : {state->native_id, state->generic_id, state->offload_id})
        if (id != 0)
            return OccupiedFact{name, id};
    return std::nullopt;
}

} // namespace

KernelVersion parse_kernel_release(std::string_view release)
{
    KernelVersion version;
    const char* end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, version.major);
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.')
        return {};
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    return minor.ec == std::errc{} ? version : KernelVersion{};
}

MachineFacts gather_machine(const PinRoot& root)
{
    MachineFacts facts;
    struct utsname system = {};
    if (::uname(&system) == 0)
        facts.release = system.release;
    facts.kernel = parse_kernel_release(facts.release);
    facts.kernel_btf = exists("/sys/kernel/btf/vmlinux");
    facts.pin_root = root.path();
    if (const auto on_bpffs = bpfxx::is_on_bpffs(root.path()))
        facts.pin_root_on_bpffs = *on_bpffs;
    facts.held = capabilities();
    facts.is_root = ::geteuid() == 0;
    facts.own_user_namespace = in_own_user_namespace();
    facts.in_container = exists("/run/.containerenv") || exists("/.dockerenv");
    facts.seccomp = under_seccomp_filter();
    facts.bpf_error = probe_bpf();
    facts.lockdown = read_lockdown();
    facts.unprivileged_bpf_disabled = setting("/proc/sys/kernel/unprivileged_bpf_disabled");
    facts.jit = read_jit();
    struct rlimit limit = {};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        facts.memory_lock_limit = limit.rlim_cur;
    if (const auto possible = bpfxx::possible_cpus())
        facts.possible_cpus = possible->count;
    if (const auto online = bpfxx::parse_cpu_list(first_line("/sys/devices/system/cpu/online")))
        facts.online_cpus = online->count;
    gather_pins(root, facts);
    return facts;
}

bpfxx::Result<InterfaceFacts> gather_interface(const PinRoot& root, const std::string& name)
{
    auto interface = find_interface(name);
    if (!interface)
        return std::unexpected(std::move(interface).error());
    InterfaceFacts facts;
    facts.features = read_link_features(name, interface->index);
    facts.programs = gather_programs(root, interface->index);
    facts.interface = std::move(*interface);
    for (const std::string& member : facts.features.members)
        if (auto program = occupied(member))
            facts.occupied_members.push_back(std::move(*program));
    if (!facts.features.master.empty())
        facts.occupied_master = occupied(facts.features.master);
    facts.page_size = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
    return facts;
}

} // namespace xdpstat
