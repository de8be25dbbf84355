// SPDX-License-Identifier: BSD-2-Clause
#include "cli/context.hpp"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "view/human.hpp"

namespace xdpstat {

namespace {

int exit_code_of(bpfxx::ErrorKind kind)
{
    switch (kind) {
    case bpfxx::ErrorKind::not_found:
        return exit_not_found;
    case bpfxx::ErrorKind::permission:
        return exit_permission;
    case bpfxx::ErrorKind::busy:
        return exit_busy;
    case bpfxx::ErrorKind::incompatible:
        return exit_incompatible;
    case bpfxx::ErrorKind::unsupported:
        return exit_unsupported;
    case bpfxx::ErrorKind::invalid:
        return exit_usage;
    case bpfxx::ErrorKind::system:
        break;
    }
    return exit_failure;
}

} // namespace

int report(const bpfxx::Error& error)
{
    std::fprintf(stderr, "xdpstat: %s\n%s", printable(error.message()).c_str(), error.detail.c_str());
    return exit_code_of(error.kind);
}

bool wants_color()
{
    const char* no_color = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

} // namespace xdpstat
