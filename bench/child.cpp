// SPDX-License-Identifier: BSD-2-Clause
#include "bench/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xdpstat::bench {

namespace {

constexpr int exit_not_run = 127; // as a shell has it

std::vector<char*> arguments_of(const std::vector<std::string>& command)
{
    std::vector<char*> arguments;
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    return arguments;
}

std::string joined(const std::vector<std::string>& command)
{
    std::string text;
    for (const std::string& word : command)
        text += (text.empty() ? "" : " ") + word;
    return "'" + text + "'";
}

constexpr int nowhere = -1;

/// @param output where its stdout goes: a descriptor of this process, or nowhere
bpfxx::Result<pid_t> spawn(const std::vector<std::string>& command, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (output == nowhere)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    pid_t pid = 0;
    const int error =
        posix_spawnp(&pid, command.front().c_str(), &actions, nullptr, arguments_of(command).data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return std::unexpected(bpfxx::system_error("run", joined(command), error));
    return pid;
}

bpfxx::Result<> wait_for(pid_t pid, const std::vector<std::string>& command)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        return std::unexpected(bpfxx::system_error("wait for", joined(command), errno));
    if (status != 0)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::system, "run", joined(command),
                                                 "wait status " + std::to_string(status)));
    return {};
}

} // namespace

bpfxx::Result<> run_command(const std::vector<std::string>& command)
{
    const auto pid = spawn(command, nowhere);
    return pid ? wait_for(*pid, command) : std::unexpected(pid.error());
}

bpfxx::Result<std::string> output_of(const std::vector<std::string>& command)
{
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        return std::unexpected(bpfxx::system_error("make a pipe for", joined(command), errno));
    const bpfxx::Fd reading(ends[0]);
    bpfxx::Fd writing(ends[1]);
    const auto pid = spawn(command, writing.get());
    writing = bpfxx::Fd();
    if (!pid)
        return std::unexpected(pid.error());
    std::string output;
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = read(reading.get(), part.data(), part.size())) > 0;)
        output.append(part.data(), static_cast<std::size_t>(size));
    BPFXX_TRY(wait_for(*pid, command));
    return output;
}

bpfxx::Result<Child> Child::start(const std::vector<std::string>& command)
{
    const auto pid = spawn(command, nowhere);
    if (!pid)
        return std::unexpected(pid.error());
    return Child(*pid, bpfxx::Fd(), joined(command));
}

bpfxx::Result<Child> Child::start_on_terminal(const std::vector<std::string>& command)
{
    winsize size{};
    size.ws_row = 24;
    size.ws_col = 80;
    const auto arguments = arguments_of(command);
    int terminal = -1;
    const pid_t pid = forkpty(&terminal, nullptr, nullptr, &size);
    if (pid < 0)
        return std::unexpected(bpfxx::system_error("make a terminal for", joined(command), errno));
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        execvp(arguments[0], arguments.data());
        _exit(exit_not_run);
    }
    return Child(pid, bpfxx::Fd(terminal), joined(command));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), terminal_(std::move(other.terminal_)), name_(std::move(other.name_))
{
}

Child::~Child()
{
    if (pid_ == 0)
        return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

bpfxx::Result<> Child::run_for(std::chrono::milliseconds time)
{
    const auto end = std::chrono::steady_clock::now() + time;
    std::array<char, 4096> drawn{};
    while (std::chrono::steady_clock::now() < end) {
        pollfd readable{.fd = terminal_.get(), .events = POLLIN, .revents = 0};
        if (poll(&readable, 1, 10) > 0 && read(terminal_.get(), drawn.data(), drawn.size()) <= 0)
            return std::unexpected(
                bpfxx::make_error(bpfxx::ErrorKind::system, "keep running", name_, "it ended"));
    }
    return {};
}

bpfxx::Result<double> Child::resident_megabytes() const
{
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; status >> word;) {
        if (double kibibytes = 0; word == "VmRSS:" && status >> kibibytes)
            return kibibytes * 1024 / 1e6;
    }
    return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::system, "measure", name_, "it ended"));
}

} // namespace xdpstat::bench
