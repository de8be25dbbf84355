// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include <CLI/App.hpp>

#include "bpfxx/error.hpp"
#include "bpfxx/map.hpp"
#include "counter/pin_root.hpp"

namespace xdpstat {

/// The exit codes, as the manual lists them.
enum ExitCode : int {
    exit_ok = 0,
    exit_failure = 1,      ///< the kernel refused, or a file could not be written
    exit_usage = 2,        ///< unknown option or a value out of range
    exit_not_found = 3,    ///< no such interface, no such pin, nothing attached
    exit_permission = 4,   ///< a capability or a file permission is missing
    exit_busy = 5,         ///< another XDP program, or another setting, holds the interface
    exit_incompatible = 6, ///< a pin, map or capture that is not what it should be
    exit_unsupported = 7,  ///< the kernel, the driver or the counter cannot do it
    exit_findings = 8,     ///< verify found a gap that it cannot explain, doctor found what stands in the way
};

/// What all commands share: the options given before or after the command's name, and the exit code.
struct Context {
    std::string pin_root = default_pin_root;
    bpfxx::Proof proof = bpfxx::Proof::btf;
    bool mount_bpffs = false;
    int exit_code = exit_ok;
    char** arguments = nullptr; ///< main()'s
};

/// Prints an error as "xdpstat: ..." to stderr, with its detail below, and returns its exit code.
int report(const bpfxx::Error& error);

/// The same for one of several interfaces: the exit code is that of the first that failed.
void fail(Context& context, const bpfxx::Error& error);

/// The pin root that was asked for. Waiting for its lock, it says for whom, and ends when a signal waits that would
/// end the process.
[[nodiscard]] PinRoot pin_root(const Context& context);

/// True where stdout is a terminal and NO_COLOR is not set.
[[nodiscard]] bool wants_color();

// Each adds its command to the program; the callback sets the context's exit code. One file each.
void add_attach(CLI::App& program, Context& context);
void add_detach(CLI::App& program, Context& context);
void add_status(CLI::App& program, Context& context);
void add_show(CLI::App& program, Context& context);
void add_watch(CLI::App& program, Context& context);
void add_run(CLI::App& program, Context& context);
void add_verify(CLI::App& program, Context& context);
void add_doctor(CLI::App& program, Context& context);
void add_replay(CLI::App& program, Context& context);
void add_map(CLI::App& program, Context& context);
void add_serve(CLI::App& program, Context& context);

/// Adds the commands that this program knows: all, or `serve` alone where it is the server.
void add_commands(CLI::App& program, Context& context);

} // namespace xdpstat
