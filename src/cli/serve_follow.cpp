// SPDX-License-Identifier: BSD-2-Clause
#include "cli/serve_follow.hpp"

#include <algorithm>
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
#include "counter/interface.hpp"
#include "counter/loader.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

/// How long it takes until that is seen which the kernel does not tell of, such as a file system that is mounted.
constexpr int milliseconds_between_attempts = 5000;

/// A root whose lock is not waited for any longer than the server lives.
constexpr std::chrono::seconds longest_wait_at_the_end{10};

} // namespace

/// A root whose lock is waited for no longer than the server lives, or than it may take to detach at its end.
PinRoot ServeFollow::root_of(const Context& context)
{
    return PinRoot(context.pin_root, LockWait{.tell = {}, .gives_up = [this] {
                                                  return stopping_ &&
                                                         std::chrono::steady_clock::now() >= patience_;
                                              }});
}

bpfxx::Result<std::unique_ptr<ServeFollow>> ServeFollow::open(const ServeArguments& arguments,
                                                              const Context& context, Problems& problems)
{
    if (!arguments.attach || !(arguments.filter || arguments.default_route || arguments.retry))
        return nullptr;
    if (const auto capable = check_capabilities(); !capable && !arguments.retry)
        return std::unexpected(capable.error());
    std::unique_ptr<ServeFollow> follow(new ServeFollow(arguments, problems));
    follow->wakes_ = bpfxx::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!follow->wakes_)
        return std::unexpected(bpfxx::system_error("open", "an event counter", errno));
    PinRoot root = follow->root_of(context);
    // Now, for what is not there cannot be watched, and a file system cannot be mounted later.
    if (!arguments.retry || context.mount_bpffs)
        if (const auto made = root.create(context.mount_bpffs); !made && !arguments.retry)
            return std::unexpected(made.error());
    if (arguments.default_route) {
        auto route = DefaultRoute::open();
        if (!route)
            return std::unexpected(std::move(route).error());
        follow->route_.emplace(std::move(*route));
    }
    FollowerOptions options{
        .wants =
            [self = follow.get()](const std::string& interface) {
                const auto& filter = self->arguments_.filter;
                return self->wanted_.contains(interface) || (filter && filter->matches(interface));
            },
        .how = arguments.how,
        .retries = arguments.retry,
        .attached =
            [&problems](const std::string& interface, const AttachResult& result) {
                problems.clear(interface);
                tell_attached(interface, result);
            },
        .let_go =
            [](const std::string& interface) {
                std::printf("%s: gone, and let go of\n", printable(interface).c_str());
                std::fflush(stdout);
            },
        .failed = [self = follow.get()](const std::string& interface,
                                        const bpfxx::Error& error) { self->tell(interface, error); },
        .stopping = [&stopping = follow->stopping_] { return stopping.load(); }};
    auto follower = Follower::open(std::move(root), std::move(options));
    if (!follower)
        return std::unexpected(std::move(follower).error());
    follow->follower_ = std::make_unique<Follower>(std::move(*follower));
    follow->look();
    return follow;
}

/// The names of those that are named and not followed otherwise, as they are now; where one is not there, its name as it was given.
void ServeFollow::find_wanted()
{
    std::set<std::string> wanted;
    if (arguments_.retry)
        for (const std::string& given : arguments_.interfaces) {
            const auto interface = find_interface(given);
            wanted.insert(interface ? interface->name : given);
        }
    if (route_)
        for (const std::string& name : route_->names()) {
            // The interface has been there: the follower has not been told to want it.
            if (!wanted_.contains(name))
                follower_->forget(name);
            wanted.insert(name);
        }
    wanted_ = std::move(wanted);
}

void ServeFollow::tell(const std::string& interface, const bpfxx::Error& error)
{
    failed_for_all_ |= interface.empty();
    // What is tried again and again is told when it changes.
    if (problems_.set(interface, error.message()) || !arguments_.retry)
        (void)report(error);
}

/// What is wanted, but not there to be attached to; and forgets what stood in the way of those that went.
void ServeFollow::tell_missing()
{
    for (const std::string& name : problems_.interfaces()) {
        // Also where it stands under another of the interface's names, as it was given while it was not there.
        const auto interface = find_interface(name);
        if (!name.empty() && !wanted_.contains(name) && (!interface || interface->name != name))
            problems_.clear(name);
    }
    for (const std::string& name : wanted_)
        if (const auto interface = find_interface(name); !interface)
            tell(name, interface.error());
    const auto all = interface_names();
    const bool any = !wanted_.empty() || std::ranges::any_of(all, [this](const std::string& name) {
        return arguments_.filter && arguments_.filter->matches(name);
    });
    if (any || failed_for_all_)
        return; // one that concerns all is enough: two would take turns
    std::string names;
    for (const std::string& name : all)
        names += (names.empty() ? "" : ", ") + name;
    tell({}, bpfxx::make_error(bpfxx::ErrorKind::not_found, "find", "interfaces to attach to",
                               arguments_.filter ? "no name matches" : "no default route leads over one",
                               "there are: " + names));
}

void ServeFollow::look()
{
    failed_for_all_ = false;
    find_wanted();
    follower_->catch_up();
    if (!arguments_.retry)
        return;
    tell_missing();
    if (!failed_for_all_)
        problems_.clear({});
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
    std::array<struct pollfd, 3> events{};
    events[0] = {.fd = follower_->events(), .events = POLLIN, .revents = 0};
    events[1] = {.fd = wakes_.get(), .events = POLLIN, .revents = 0};
    events[2] = {.fd = route_ ? route_->events() : -1, .events = POLLIN, .revents = 0}; // -1 is passed over
    const int longest = arguments_.retry ? milliseconds_between_attempts : -1;
    while (!stopping_) {
        if (::poll(events.data(), events.size(), longest) < 0 && errno != EINTR)
            return (void)report(bpfxx::system_error("wait for", "interfaces that come and go", errno));
        std::uint64_t count = 0;
        (void)!::read(wakes_.get(), &count, sizeof count);
        if (looks_again_.exchange(false))
            follower_->forget();
        if (stopping_)
            break;
        look();
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

void ServeFollow::end()
{
    stopping_ = true;
    wake();
    if (thread_.joinable())
        thread_.join();
}

void ServeFollow::detach_all()
{
    end();
    patience_ = std::chrono::steady_clock::now() + longest_wait_at_the_end;
    for (const std::string& interface : follower_->detach_all())
        std::printf("%s: detached\n", printable(interface).c_str());
}

ServeFollow::~ServeFollow()
{
    end();
}

} // namespace xdpstat
