// SPDX-License-Identifier: BSD-2-Clause
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "bpfxx/version.hpp"
#include "cli/context.hpp"
#include "counter/interface.hpp"
#include "counter/libxdp.hpp"
#include "version.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat run eth0             count, watch, and detach on q
  sudo xdpstat attach eth0          count from now on, also when nothing runs
  sudo xdpstat show                 what was counted
  sudo xdpstat watch -i 0.5         live rates
  sudo xdpstat show --json | jq '.interfaces[].stats.total_packets'
  sudo xdpstat serve                for Prometheus, and a page for people
  sudo xdpstat doctor eth0          what stands in the way, and what to do
  sudo xdpstat replay trace.pcap    what the counter would have counted of a capture

Exit codes: 0 done, 1 the system refused, 2 wrong usage, 3 not found, 4 permission missing,
5 held by somebody else, 6 incompatible pin, map or capture, 7 not supported here, 8 verify or doctor found something)";

std::string version_text()
{
    return std::string("xdpstat ") + version + " (commit " + commit + ", libbpf " + bpfxx::libbpf_version() +
           ", libxdp " + libxdp::version() + ")";
}

void add_shared_options(CLI::App& program, Context& context)
{
    program
        .add_option("--pin-root", context.pin_root,
                    "Folder on a bpf file system below which the counters are pinned")
        ->capture_default_str()
        ->check([](const std::string& path) { return path.empty() ? "is empty" : std::string(); })
        ->type_name("DIR");
    program.add_flag("--mount-bpffs", context.mount_bpffs,
                     "Mount a bpf file system on /sys/fs/bpf if there is none (attach, run)");
    program.add_flag(
        "--by-size", [&](std::int64_t) { context.proof = bpfxx::Proof::size; },
        "Open maps whose BTF is missing or may not be read by the size of their values alone");
}

/// What the parser says, or better: a word that is no command is named, with the commands that it may have meant.
std::string usage_error(const CLI::App& program, const CLI::ParseError& error)
{
    const CLI::App* command = &program; // the last that was named
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    std::vector<std::string> names;
    for (const CLI::App* nested : command->get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(nested->get_name());
    const std::string part_of = command == &program ? "" : command->get_name() + ": ";
    const auto words = program.remaining(true);
    if (!names.empty() && words.empty() && dynamic_cast<const CLI::RequiredError*>(&error))
        return part_of + "a command is required";
    if (names.empty() || words.empty() || words.front().starts_with('-'))
        return error.what();
    std::string text = part_of + "no such command: " + words.front();
    for (const std::string& name : near_names(words.front(), names))
        text += (text.ends_with(words.front()) ? "; did you mean " : ", ") + name;
    return text;
}

int run(int argc, char** argv)
{
    Context context;
    context.arguments = argv;
    CLI::App program("Counts every packet that reaches a network interface, in the driver.", "xdpstat");
    program.footer(examples);
    program.set_version_flag("--version", version_text(),
                             "Print the version, the commit and the versions of libbpf and libxdp");
    program.require_subcommand(1);
    program.fallthrough();
    add_shared_options(program, context);
    add_commands(program, context);

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0)
            return program.exit(error) == 0 ? exit_ok : exit_failure;
        std::fprintf(stderr, "xdpstat: %s; see xdpstat --help\n", usage_error(program, error).c_str());
        return exit_usage;
    }
    return context.exit_code;
}

/// Descriptors 0 to 2 that the caller closed would become those of a map or a folder, and output would go there.
/// They are opened the wrong way round, so that using them fails.
void occupy_standard_descriptors()
{
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0)
            (void)::open("/dev/null",
                         fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); // takes the lowest that is free
}

/// Output that did not arrive is a failure, unless its reader went away.
int close_output(int code)
{
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
        return code;
    struct pollfd output = {.fd = STDOUT_FILENO, .events = 0, .revents = 0};
    if (::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0)
        return code;
    std::fputs("xdpstat: cannot write to standard output\n", stderr);
    return code == exit_ok ? static_cast<int>(exit_failure) : code;
}

} // namespace

} // namespace xdpstat

int main(int argc, char** argv)
{
    xdpstat::occupy_standard_descriptors();
    // A reader that closes its end early is no failure: writes then say so, and the program ends.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return xdpstat::close_output(xdpstat::run(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "xdpstat: %s\n", error.what());
        return xdpstat::exit_failure;
    }
}
