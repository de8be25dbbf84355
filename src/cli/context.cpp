// SPDX-License-Identifier: BSD-2-Clause
#include "cli/context.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "cli/signals.hpp"
#include "counter/reader.hpp"
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

/// The error's line, with the option where its hint leaves it to us to name one.
std::string line_of(const bpfxx::Error& error)
{
    std::string line = error.message();
    if (line.ends_with(by_size_words))
        line += ": add --by-size";
    return printable(line);
}

/// What libbpf and the verifier say, and the fields of other people's maps, a line each.
std::string printable_lines(const std::string& text)
{
    std::string lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        std::ranges::replace(line, '\t', ' ');
        lines += printable(line) + "\n";
        at = end + 1;
    }
    return lines;
}

} // namespace

int report(const bpfxx::Error& error)
{
    std::fprintf(stderr, "xdpstat: %s\n%s", line_of(error).c_str(),
                 printable_lines(std::string(error.detail())).c_str());
    return exit_code_of(error.kind());
}

void fail(Context& context, const bpfxx::Error& error)
{
    const int code = report(error);
    if (context.exit_code == exit_ok)
        context.exit_code = code;
}

PinRoot pin_root(const Context& context)
{
    LockWait wait;
    wait.tell = [path = context.pin_root](const std::string& holder) {
        std::fprintf(stderr, "xdpstat: waiting for %s, which changes %s\n", printable(holder).c_str(),
                     printable(path).c_str());
    };
    wait.gives_up = [] {
        sigset_t pending;
        ::sigpending(&pending);
        return std::ranges::any_of(ending_signals,
                                   [&](int signal) { return ::sigismember(&pending, signal) == 1; });
    };
    return PinRoot(context.pin_root, std::move(wait));
}

bool wants_color()
{
    const char* no_color = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

} // namespace xdpstat
