// SPDX-License-Identifier: BSD-2-Clause
#include "cli/serve_follow.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/attach.hpp"
#include "counter/loader.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

/// A root whose lock is not waited for any longer than the server lives.
PinRoot root_of(const Context& context, const std::atomic<bool>& stopping)
{
    return PinRoot(context.pin_root,
                   LockWait{.tell = {}, .gives_up = [&stopping] { return stopping.load(); }});
}

} // namespace

bpfxx::Result<std::unique_ptr<ServeFollow>> ServeFollow::open(const ServeArguments& arguments,
                                                              const Context& context)
{
    if (!arguments.attach || !arguments.filter)
        return nullptr;
    BPFXX_TRY(check_capabilities());
    std::unique_ptr<ServeFollow> follow(new ServeFollow);
    follow->wakes_ = bpfxx::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!follow->wakes_)
        return std::unexpected(bpfxx::system_error("open", "an event counter", errno));
    PinRoot root = root_of(context, follow->stopping_);
    // Now, for what is not there cannot be watched, and a file system cannot be mounted later.
    if (const auto made = root.create(context.mount_bpffs); !made)
        return std::unexpected(made.error());
    FollowerOptions options{.filter = *arguments.filter,
                            .how = arguments.how,
                            .attached = tell_attached,
                            .let_go =
                                [](const std::string& interface) {
                                    std::printf("%s: gone, and let go of\n", printable(interface).c_str());
                                    std::fflush(stdout);
                                },
                            .failed = [](const bpfxx::Error& error) { (void)report(error); },
                            .stopping = [&stopping = follow->stopping_] { return stopping.load(); }};
    auto follower = Follower::open(std::move(root), std::move(options));
    if (!follower)
        return std::unexpected(std::move(follower).error());
    follow->follower_ = std::make_unique<Follower>(std::move(*follower));
    follow->follower_->catch_up();
    return follow;
}

void ServeFollow::start()
{
    // Signals are for the thread that serves.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ServeFollow::run()
{
    std::array<struct pollfd, 2> events{};
    events[0] = {.fd = follower_->events(), .events = POLLIN, .revents = 0};
    events[1] = {.fd = wakes_.get(), .events = POLLIN, .revents = 0};
    while (!stopping_) {
        if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR)
            return (void)report(bpfxx::system_error("wait for", "interfaces that come and go", errno));
        std::uint64_t count = 0;
        (void)!::read(wakes_.get(), &count, sizeof count);
        if (looks_again_.exchange(false))
            follower_->forget();
        if (stopping_)
            break;
        follower_->catch_up();
        // Loading took megabytes that a process which runs for months should not keep.
        ::malloc_trim(0);
    }
}

void ServeFollow::look_again()
{
    looks_again_ = true;
    wake();
}

void ServeFollow::wake() const
{
    const std::uint64_t one = 1;
    (void)!::write(wakes_.get(), &one, sizeof one); // full: then it wakes anyway
}

ServeFollow::~ServeFollow()
{
    stopping_ = true;
    wake();
    if (thread_.joinable())
        thread_.join();
}

} // namespace xdpstat
