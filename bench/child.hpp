// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat::bench {

/// Runs a program to its end; what it writes to stdout goes nowhere. Errors: it cannot be run, or fails.
[[nodiscard]] bpfxx::Result<> run_command(const std::vector<std::string>& command);

/// Likewise; what it writes to stdout.
[[nodiscard]] bpfxx::Result<std::string> output_of(const std::vector<std::string>& command);

/// A program that runs beside this one; killed at the end of this object's life. Move-only.
class Child {
public:
    /// What it writes goes nowhere.
    [[nodiscard]] static bpfxx::Result<Child> start(const std::vector<std::string>& command);
    /// Believes to draw on a terminal of 80 by 24; run_for() has to read away what it draws.
    [[nodiscard]] static bpfxx::Result<Child> start_on_terminal(const std::vector<std::string>& command);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    /// Only for one on a terminal. Errors: it ended before.
    [[nodiscard]] bpfxx::Result<> run_for(std::chrono::milliseconds time);
    /// VmRSS, in units of 10^6 bytes. Errors: it is gone.
    [[nodiscard]] bpfxx::Result<double> resident_megabytes() const;

private:
    Child(pid_t pid, bpfxx::Fd terminal, std::string name) noexcept
        : pid_(pid), terminal_(std::move(terminal)), name_(std::move(name))
    {
    }
    pid_t pid_; ///< 0 once moved from
    bpfxx::Fd terminal_;
    std::string name_;
};

} // namespace xdpstat::bench
