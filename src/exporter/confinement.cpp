// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/confinement.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpfxx/fd.hpp"
#include "bpfxx/pin.hpp"
#include "counter/dispatcher.hpp"

namespace xdpstat {

namespace {

using Names = std::vector<const char*>;

struct Kept {
    unsigned number;
    const char* name;
};

/// Capabilities that finding counters anew and attaching take.
std::vector<Kept> wanted_capabilities(const Needs& needs)
{
    std::vector<Kept> kept;
    if (needs.find_anew || needs.attach)
        kept.push_back({CAP_BPF, "CAP_BPF"});
    if ((needs.find_anew || needs.attach) && !needs.by_size)
        kept.push_back({CAP_SYS_ADMIN, "CAP_SYS_ADMIN"});
    // Pins belong to whoever attached; root opens its own without this.
    if ((needs.find_anew || needs.attach) && ::geteuid() != 0)
        kept.push_back({CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"});
    if (needs.attach) {
        kept.push_back({CAP_NET_ADMIN, "CAP_NET_ADMIN"});
        kept.push_back({CAP_PERFMON, "CAP_PERFMON"});
        if (needs.give_group)
            kept.push_back({CAP_CHOWN, "CAP_CHOWN"});
    }
    return kept;
}

/// Returns the names of what is left.
bpfxx::Result<std::string> drop_capabilities(const Needs& needs)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<struct __user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> held{};
    if (::syscall(SYS_capget, &header, held.data()) != 0)
        return std::unexpected(bpfxx::system_error("ask for", "capabilities", errno));
    std::array<struct __user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> left{};
    std::string names;
    auto wanted = wanted_capabilities(needs);
    // It stands in for CAP_BPF: before Linux 5.8, and where a container's runtime does not know that one.
    if ((held[CAP_BPF / 32].permitted >> (CAP_BPF % 32) & 1U) == 0 && !wanted.empty() &&
        std::ranges::find(wanted, CAP_SYS_ADMIN, &Kept::number) == wanted.end())
        wanted.push_back({CAP_SYS_ADMIN, "CAP_SYS_ADMIN"});
    for (const auto& [number, name] : wanted) {
        const std::uint32_t bit = 1U << (number % 32);
        if ((held[number / 32].permitted & bit) == 0)
            continue;
        left[number / 32].permitted |= bit;
        left[number / 32].effective |= bit;
        (names += names.empty() ? "" : " ") += name;
    }
    // Those that cannot be taken out of the bounding set, for want of CAP_SETPCAP, are out of reach by no_new_privs.
    for (unsigned number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        if ((left[number / 32 % left.size()].permitted >> (number % 32) & 1U) == 0)
            ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (::syscall(SYS_capset, &header, left.data()) != 0)
        return std::unexpected(bpfxx::system_error("give up", "capabilities", errno));
    return names;
}

// Of newer kernels than these headers.
constexpr std::uint64_t access_refer = 1ULL << 13;    // ABI 2
constexpr std::uint64_t access_truncate = 1ULL << 14; // ABI 3
constexpr std::uint64_t access_of_abi_1 = (1ULL << 13) - 1;
constexpr std::uint64_t to_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

std::uint64_t rights_of(long abi)
{
    return access_of_abi_1 | (abi >= 2 ? access_refer : 0) | (abi >= 3 ? access_truncate : 0);
}

/// What of a path is there.
std::filesystem::path existing_part(std::filesystem::path path)
{
    std::error_code ignored;
    while (path.has_relative_path() && !std::filesystem::exists(path, ignored))
        path = path.parent_path();
    return path;
}

/// Allows something below a folder; one that cannot be opened stays forbidden.
void allow_below(int rules, const std::filesystem::path& folder, std::uint64_t rights)
{
    const bpfxx::Fd fd(::open(folder.c_str(), O_PATH | O_CLOEXEC));
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd.get()};
    if (fd)
        ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/// The folder below which the pins are, or will be. Errors: invalid where only the whole file system could be that.
bpfxx::Result<std::filesystem::path> folder_of_pins(const Needs& needs)
{
    std::filesystem::path wanted = std::filesystem::absolute(needs.pin_root).lexically_normal();
    if (!wanted.has_filename())
        wanted = wanted.parent_path();
    std::filesystem::path root = existing_part(wanted);
    // What is mounted on a folder hides it, and with it the rule for it: that of the folder around it goes on.
    if (const auto on_bpffs = bpfxx::is_on_bpffs(root.string()); needs.retry && on_bpffs && !*on_bpffs)
        root = root.parent_path();
    if (!root.has_relative_path())
        return std::unexpected(bpfxx::make_error(
            bpfxx::ErrorKind::invalid, "restrict files to", needs.pin_root, "nothing of that path is there",
            "make the folder that a bpf file system will be mounted on"));
    return root;
}

/// What is restricted so, in words; empty where the kernel cannot do it.
bpfxx::Result<std::string> restrict_files(const Needs& needs)
{
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return std::string();
    const auto root = folder_of_pins(needs);
    if (!root)
        return std::unexpected(root.error());
    const struct landlock_ruleset_attr all = {.handled_access_fs = rights_of(abi)};
    const bpfxx::Fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
    if (!rules)
        return std::unexpected(bpfxx::system_error("make", "rules for files", errno));
    // Where counters that share an interface run is told by libxdp's pins, and so they are detached.
    const std::filesystem::path shared = libxdp_folder();
    if (needs.attach) {
        // The loader looks for the kernel's types in many places, and makes folders and pins.
        allow_below(rules.get(), "/", to_read);
        allow_below(rules.get(), *root, rights_of(abi));
        allow_below(rules.get(), shared, rights_of(abi));
    }
    allow_below(rules.get(), *root, to_read);
    allow_below(rules.get(), existing_part(shared), to_read);
    for (const char* folder : {"/proc/self", "/sys/devices/system/cpu"})
        allow_below(rules.get(), folder, to_read);
    for (const std::string& folder : needs.readable)
        allow_below(rules.get(), folder, to_read);
    for (const std::string& folder : needs.cleared)
        allow_below(rules.get(), folder, LANDLOCK_ACCESS_FS_REMOVE_FILE);
    if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0)
        return std::unexpected(bpfxx::system_error("restrict", "files", errno));
    return needs.attach ? "files are restricted, and written below " + root->string() + " alone"
                        : "files are restricted";
}

/// What serving takes, and what the libraries below it do.
const Names& calls_to_serve()
{
    static const Names names{
        "read", "readv", "pread64", "write", "writev", "close", "lseek", "fcntl", "dup", "dup3", "ioctl",
        "flock", "poll", "ppoll", "pipe2", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
        "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
        // sockets: of clients, of netlink, and to the service manager
        "socket", "bind", "connect", "accept", "accept4", "shutdown", "getsockname", "getpeername",
        "getsockopt", "setsockopt", "sendto", "sendmsg", "recvfrom", "recvmsg",
        // files, which Landlock restricts
        "open", "openat", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
        "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "unlink", "unlinkat",
        "inotify_add_watch", "inotify_rm_watch",
        // memory, threads, signals, time
        "mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "futex", "clone", "clone3",
        "set_robust_list", "rseq", "exit", "exit_group", "gettid", "getpid", "tgkill", "sched_yield",
        "sched_getaffinity", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack",
        "restart_syscall", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday",
        "time", "getrandom", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo", "getrlimit",
        "prlimit64", "getrusage", "capget"};
    return names;
}

const Names& calls_to_attach()
{
    static const Names names{"bpf",    "perf_event_open", "mkdir",     "mkdirat", "rmdir",
                             "rename", "renameat",        "renameat2", "chmod",   "fchmodat",
                             "link",   "linkat",          "chown",     "lchown",  "fchownat"};
    return names;
}

/// Commands of bpf(2) that read.
constexpr std::array reading_commands{BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY,   BPF_MAP_LOOKUP_BATCH,
                                      BPF_OBJ_GET,         BPF_OBJ_GET_INFO_BY_FD, BPF_BTF_GET_FD_BY_ID};

struct ReleaseFilter {
    void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};

bpfxx::Result<> restrict_calls(const Needs& needs)
{
    const std::unique_ptr<void, ReleaseFilter> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter)
        return std::unexpected(bpfxx::system_error("make", "a filter of system calls", ENOMEM));
    int error = 0;
    const auto allow = [&](const char* name) {
        // A call that this machine's kind does not have needs no rule.
        if (const int number = ::seccomp_syscall_resolve_name(name); number >= 0 && error == 0)
            error = ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0);
    };
    for (const char* name : calls_to_serve())
        allow(name);
    if (needs.attach)
        for (const char* name : calls_to_attach())
            allow(name);
    else
        for (const auto command : reading_commands)
            if (error == 0)
                error = ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
                                           SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(command)));
    if (error == 0)
        error = ::seccomp_load(filter.get());
    if (error != 0)
        return std::unexpected(bpfxx::system_error("load", "a filter of system calls", -error));
    return {};
}

} // namespace

bpfxx::Result<std::string> confine(const Needs& needs)
{
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return std::unexpected(bpfxx::system_error("give up", "new privileges", errno));
    const auto files = restrict_files(needs);
    if (!files)
        return std::unexpected(files.error());
    const auto kept = drop_capabilities(needs);
    if (!kept)
        return std::unexpected(kept.error());
    BPFXX_TRY(restrict_calls(needs));
    std::string text =
        kept->empty()
            ? "keeps no capability"
            : "keeps " + *kept + (needs.attach ? ", to attach again" : ", to open counters that come later");
    text += "; system calls are filtered";
    return text += ", " + (files->empty() ? "files are not restricted: this kernel has no Landlock" : *files);
}

} // namespace xdpstat
