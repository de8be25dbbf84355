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

} // namespace

bpfxx::Result<> run_command(const std::vector<std::string>& command)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    const int error =
        posix_spawnp(&pid, command.front().c_str(), &actions, nullptr, arguments_of(command).data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return std::unexpected(bpfxx::system_error("run", joined(command), error));

    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        return std::unexpected(bpfxx::system_error("wait for", joined(command), errno));
    if (status != 0)
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::system, "run", joined(command),
                                                 "wait status " + std::to_string(status)));
    return {};
}

bpfxx::Result<TerminalChild> TerminalChild::start(const std::vector<std::string>& command)
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
    return TerminalChild(pid, bpfxx::Fd(terminal), joined(command));
}

TerminalChild::TerminalChild(TerminalChild&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), terminal_(std::move(other.terminal_)), name_(std::move(other.name_))
{
}

TerminalChild::~TerminalChild()
{
    if (pid_ == 0)
        return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

bpfxx::Result<> TerminalChild::run_for(std::chrono::milliseconds time)
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

bpfxx::Result<double> TerminalChild::resident_megabytes() const
{
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; status >> word;) {
        if (double kibibytes = 0; word == "VmRSS:" && status >> kibibytes)
            return kibibytes * 1024 / 1e6;
    }
    return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::system, "measure", name_, "it ended"));
}

} // namespace xdpstat::bench
