// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exporter/confinement.hpp"

namespace xdpstat {

namespace {

/// What a confined process finds: there is no way back, so each test has one of its own.
int in_confinement(const Needs& needs, const std::function<int()>& attempt)
{
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(confine(needs) ? attempt() : 250);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 251;
}

/// The error of a call; 0: it worked.
int error_of(long result)
{
    return result < 0 ? errno : 0;
}

const Needs plain = [] {
    Needs needs;
    needs.pin_root = "/sys/fs/bpf/xdpstat";
    return needs;
}();

TEST(Confinement, StartsNoProgram)
{
    EXPECT_EQ(in_confinement(plain,
                             [] {
                                 std::array<char*, 1> none{nullptr};
                                 return error_of(::execve("/bin/true", none.data(), none.data()));
                             }),
              EPERM);
}

TEST(Confinement, RefusesCallsThatServingDoesNotMake)
{
    EXPECT_EQ(in_confinement(plain, [] { return error_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }),
              EPERM);
    EXPECT_EQ(in_confinement(plain, [] { return error_of(::mount("a", "/tmp", "tmpfs", 0, nullptr)); }),
              EPERM);
    EXPECT_EQ(in_confinement(plain, [] { return error_of(::mkdir("/tmp/a", 0700)); }), EPERM);
    EXPECT_EQ(in_confinement(plain, [] { return error_of(::kill(1, 0)); }), EPERM);
    EXPECT_EQ(in_confinement(plain, [] { return error_of(::syscall(SYS_setuid, 0)); }), EPERM);
}

long load_program()
{
    union bpf_attr attributes = {};
    return ::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}

TEST(Confinement, OfBpfOnlyWhatReadsIsLeft)
{
    EXPECT_EQ(in_confinement(plain, [] { return error_of(load_program()); }), EPERM);
    const auto read = [] {
        union bpf_attr attributes = {};
        attributes.map_fd = static_cast<__u32>(-1);
        return error_of(::syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attributes, sizeof attributes));
    };
    EXPECT_NE(in_confinement(plain, read), EPERM)
        << "a descriptor that is none, not a command that is refused";
}

bool has_landlock()
{
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U) >= 1;
}

TEST(Confinement, ReadsOnlyWhatIsNamed)
{
    if (!has_landlock())
        GTEST_SKIP() << "this kernel has no Landlock";
    const auto open = [](const char* path, int how) {
        return [path, how] { return error_of(::open(path, how | O_CLOEXEC)); };
    };
    EXPECT_EQ(in_confinement(plain, open("/etc/passwd", O_RDONLY)), EACCES);
    EXPECT_EQ(in_confinement(plain, open("/proc/self/stat", O_RDONLY)), 0);
    EXPECT_EQ(in_confinement(plain, open("/proc/self/stat", O_RDWR)), EACCES);
    EXPECT_EQ(in_confinement(plain, open("/sys/devices/system/cpu/possible", O_RDONLY)), 0);
    Needs more = plain;
    more.readable = {"/etc", "/nothere"};
    EXPECT_EQ(in_confinement(more, open("/etc/passwd", O_RDONLY)), 0);
    EXPECT_EQ(in_confinement(more, open("/etc/passwd", O_WRONLY)), EACCES);
}

TEST(Confinement, GoesOnServing)
{
    const auto make_socket = [] { return error_of(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); };
    EXPECT_EQ(in_confinement(plain, make_socket), 0);
}

} // namespace

} // namespace xdpstat
