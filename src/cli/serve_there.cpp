// SPDX-License-Identifier: BSD-2-Clause
// The server as a program of its own (docs/adr/0007-the-server-is-a-program-of-its-own.md).
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <unistd.h>

#include "cli/serve.hpp"

namespace xdpstat {

int serve_command(const ServeArguments& /*arguments*/, Context& context)
{
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error)
        return report(bpfxx::system_error("find", "the program's own file", error.value(), "mount /proc"));
    const std::string installed =
        (self.parent_path() / XDPSTAT_LIBEXEC_FROM_BIN / XDPSTAT_SERVER).lexically_normal();
    ::execv(installed.c_str(), context.arguments);
    if (errno == ENOENT) // not installed, but just built
        ::execv((self.parent_path() / XDPSTAT_SERVER).c_str(), context.arguments);
    return report(
        bpfxx::system_error("start", installed, errno, "it is installed with xdpstat: install that again"));
}

} // namespace xdpstat
