// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <csignal>

namespace xdpstat {

/// The signals that end a process that does not wait for them: a person's, a service manager's, or anybody's.
inline constexpr std::array ending_signals{SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,  SIGUSR1,
                                           SIGUSR2, SIGALRM, SIGXCPU, SIGVTALRM};

/// The signals of a fault in the process itself.
inline constexpr std::array fault_signals{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

} // namespace xdpstat
