// SPDX-License-Identifier: BSD-2-Clause
// The server as a program of its own (docs/adr/0007-the-server-is-a-program-of-its-own.md).
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli/serve.hpp"

namespace xdpstat {

namespace {

/// Whether this process has capabilities that only its own file gives it: they do not pass to another program.
/// Ambient ones would, but this program does not make them so: a user's environment (OPENSSL_CONF and others) would then
/// choose what runs with them.
bool has_capabilities_of_its_file()
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<struct __user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> held{};
    if (::geteuid() == 0 || ::syscall(SYS_capget, &header, held.data()) != 0)
        return false;
    for (unsigned number = 0; number < 32 * held.size(); number++)
        if ((held.at(number / 32).permitted >> (number % 32) & 1U) != 0 &&
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 0)
            return true;
    return false;
}

/// Whether a program's file gives it capabilities. True where that cannot be told.
bool gives_capabilities(const std::string& program)
{
    return ::getxattr(program.c_str(), "security.capability", nullptr, 0) >= 0 || errno != ENODATA;
}

} // namespace

int serve_command(const ServeArguments& /*arguments*/, Context& context)
{
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error)
        return report(bpfxx::system_error("find", "the program's own file", error.value(), "mount /proc"));
    std::string server = (self.parent_path() / XDPSTAT_LIBEXEC_FROM_BIN / XDPSTAT_SERVER).lexically_normal();
    if (const auto beside = self.parent_path() / XDPSTAT_SERVER; // not installed, but just built
        !std::filesystem::exists(server, error) && std::filesystem::exists(beside, error))
        server = beside;
    if (has_capabilities_of_its_file() && !gives_capabilities(server))
        return report(bpfxx::make_error(
            bpfxx::ErrorKind::permission, "start", server,
            "xdpstat has its capabilities from its file, and this program would run without any",
            "give it some too: setcap cap_bpf,cap_dac_override,cap_sys_admin+ep " + server));
    ::execv(server.c_str(), context.arguments);
    return report(
        bpfxx::system_error("start", server, errno, "it is installed with xdpstat: install that again"));
}

} // namespace xdpstat
