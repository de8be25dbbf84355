// SPDX-License-Identifier: BSD-2-Clause
#include "cli/watch_events.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cli/signals.hpp"

namespace xdpstat {

namespace {

constexpr std::array terminal_signals{SIGWINCH, SIGTSTP, SIGCONT};

/// A blocked signal is queued even where it is ignored, and whoever ignores one, as nohup does, means it.
void add_unless_ignored(sigset_t& set, int signal)
{
    struct sigaction action = {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
        ::sigaddset(&set, signal);
}

bpfxx::Result<bpfxx::Fd> make_timer(std::chrono::nanoseconds interval)
{
    bpfxx::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!timer)
        return std::unexpected(bpfxx::system_error("make", "a timer", errno));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(interval);
    struct itimerspec times = {};
    times.it_interval.tv_sec = seconds.count();
    times.it_interval.tv_nsec = (interval - seconds).count();
    times.it_value = times.it_interval;
    if (::timerfd_settime(timer.get(), 0, &times, nullptr) != 0)
        return std::unexpected(bpfxx::system_error("start", "a timer", errno));
    return timer;
}

} // namespace

bpfxx::Result<WatchEvents> WatchEvents::open(std::chrono::nanoseconds interval, bool terminal)
{
    WatchEvents events;
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int signal : ending_signals)
        add_unless_ignored(wanted, signal);
    if (terminal)
        for (const int signal : terminal_signals)
            add_unless_ignored(wanted, signal);

    if (::sigprocmask(SIG_BLOCK, &wanted, &events.mask_before_) != 0)
        return std::unexpected(bpfxx::system_error("block", "signals", errno));
    events.owns_mask_ = true;
    events.signals_ = bpfxx::Fd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!events.signals_)
        return std::unexpected(bpfxx::system_error("make", "a signal descriptor", errno));
    auto timer = make_timer(interval);
    if (!timer)
        return std::unexpected(std::move(timer).error());
    events.timer_ = std::move(*timer);
    // Standard input may be anything: only a terminal has keys.
    events.keys_ = terminal && ::isatty(STDIN_FILENO) == 1;
    return events;
}

WatchEvents::WatchEvents(WatchEvents&& other) noexcept
    : timer_(std::move(other.timer_)), signals_(std::move(other.signals_)), mask_before_(other.mask_before_),
      keys_(other.keys_), owns_mask_(std::exchange(other.owns_mask_, false))
{
}

WatchEvents::~WatchEvents()
{
    if (owns_mask_)
        ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

void WatchEvents::read_signals(WatchEvent& event) const
{
    struct signalfd_siginfo signal = {};
    while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
        switch (static_cast<int>(signal.ssi_signo)) {
        case SIGWINCH:
            event.resized = true;
            break;
        case SIGTSTP:
            event.suspended = true;
            break;
        case SIGCONT:
            event.resumed = true;
            break;
        default:
            event.quit = true;
        }
    }
}

bpfxx::Result<WatchEvent> WatchEvents::wait()
{
    // A pipe without a reader reports POLLERR unasked.
    std::array<struct pollfd, 4> watched{{
        {.fd = timer_.get(), .events = POLLIN, .revents = 0},
        {.fd = signals_.get(), .events = POLLIN, .revents = 0},
        {.fd = STDOUT_FILENO, .events = 0, .revents = 0},
        {.fd = keys_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
    }};
    while (::poll(watched.data(), watched.size(), -1) < 0) {
        if (errno != EINTR)
            return std::unexpected(bpfxx::system_error("wait for", "events", errno));
    }
    WatchEvent event;
    std::uint64_t expirations = 0;
    event.tick = ::read(timer_.get(), &expirations, sizeof expirations) == sizeof expirations;
    read_signals(event);
    constexpr short ended = POLLERR | POLLHUP | POLLNVAL;
    event.closed = ((watched[2].revents | watched[3].revents) & ended) != 0;
    event.input = (watched[3].revents & POLLIN) != 0;
    return event;
}

void WatchEvents::stop_process()
{
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    struct sigaction before = {};
    ::sigaction(SIGTSTP, &standard, &before);
    sigset_t stop;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTSTP);
    ::raise(SIGTSTP);
    sigset_t mask;
    ::sigprocmask(SIG_UNBLOCK, &stop, &mask); // here it stops
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    ::sigaction(SIGTSTP, &before, nullptr);
}

} // namespace xdpstat
