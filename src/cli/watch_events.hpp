// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <csignal>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat {

/// What happened while waiting; several at once.
struct WatchEvent {
    bool tick = false;      ///< an interval ended
    bool input = false;     ///< a key can be read
    bool quit = false;      ///< a signal asks for the end
    bool resized = false;   ///< SIGWINCH
    bool suspended = false; ///< SIGTSTP: Ctrl-Z
    bool resumed = false;   ///< SIGCONT
    bool closed = false;    ///< nobody reads standard output any more, or the terminal is gone
};

/// One place to wait for the clock, signals, keys and the reader of standard output. While it lives the signals are
/// blocked and come as events; afterwards all is as it was. Move-only; for a process of one thread.
class WatchEvents {
public:
    /// @param terminal whether keys and the signals of a terminal matter
    [[nodiscard]] static bpfxx::Result<WatchEvents> open(std::chrono::nanoseconds interval, bool terminal);
    WatchEvents(WatchEvents&& other) noexcept;
    WatchEvents& operator=(WatchEvents&&) = delete;
    ~WatchEvents();

    /// Waits until something happens. Intervals follow a fixed grid: what the caller does in between makes no
    /// drift, and intervals missed meanwhile are one tick.
    [[nodiscard]] bpfxx::Result<WatchEvent> wait();

    /// Stops the process as an unblocked SIGTSTP would; returns when it is continued.
    static void stop_process();

private:
    WatchEvents() = default;
    void read_signals(WatchEvent& event) const;

    bpfxx::Fd timer_;
    bpfxx::Fd signals_;
    sigset_t mask_before_{};
    bool keys_ = false;
    bool owns_mask_ = false;
};

} // namespace xdpstat
