// SPDX-License-Identifier: BSD-2-Clause
#include "counter.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "counter/pin_root.hpp"

namespace xdpstat::python {

namespace {

/// An upgrade leaves the old maps as they were: nothing in them tells of it.
constexpr auto time_between_looks = std::chrono::milliseconds(100);

} // namespace

Counter::Counter(Reader reader, const Instance& instance, std::optional<PinIdentity> identity,
                 bpfxx::Fd closing, bpfxx::Proof proof)
    : reader_(std::move(reader)), interface_(instance.interface), directory_(instance.directory),
      identity_(std::move(identity)), notes_(reader_->notes()), proof_(proof), closing_(std::move(closing))
{
}

bpfxx::Result<std::shared_ptr<Counter>> Counter::open(const std::string& interface,
                                                      const std::string& pin_root, bpfxx::Proof proof)
{
    auto instance = PinRoot(pin_root).find(interface);
    if (!instance)
        return std::unexpected(std::move(instance).error());
    // Before the maps are opened: a counter exchanged meanwhile is then not taken for this one.
    const auto identity = identity_of(stats_pin(instance->directory));
    auto reader = Reader::open(instance->directory, proof);
    if (!reader)
        return std::unexpected(std::move(reader).error());
    bpfxx::Fd closing(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!closing)
        return std::unexpected(bpfxx::system_error("make", "an eventfd", errno));
    return std::shared_ptr<Counter>(
        new Counter(std::move(*reader), *instance, identity, std::move(closing), proof));
}

std::optional<bpfxx::Result<NamedSnapshot>> Counter::read()
{
    const std::lock_guard lock(mutex_);
    if (!reader_)
        return std::nullopt;
    follow_upgrade();
    auto snapshot = reader_->read();
    if (!snapshot)
        return std::unexpected(std::move(snapshot).error());
    return NamedSnapshot{*snapshot, interface_};
}

void Counter::follow_upgrade()
{
    const auto now = Clock::now();
    if (now < next_look_)
        return;
    next_look_ = now + time_between_looks;
    const auto identity = identity_of(stats_pin(directory_));
    if (!identity || identity == identity_)
        return;
    auto reader = Reader::open(directory_, proof_);
    if (!reader || !reader_ || reader->counter_id() == 0 || reader->counter_id() != reader_->counter_id())
        return;
    reader_ = std::move(*reader);
    identity_ = identity;
}

bpfxx::Result<bool> Counter::is_attached() const
{
    const auto identity = [&] {
        const std::lock_guard lock(mutex_);
        return identity_;
    }();
    const std::string root = std::filesystem::path(directory_).parent_path().string();
    const auto instances = PinRoot(root).instances();
    if (!instances)
        return std::unexpected(instances.error());
    return identity && std::ranges::any_of(*instances, [&](const Instance& instance) {
               return instance.mode != mode_detached &&
                      identity_of(stats_pin(instance.directory)) == identity;
           });
}

Wakening Counter::wait_until(Clock::time_point due) const
{
    constexpr std::chrono::nanoseconds longest = std::chrono::seconds(1);
    const std::chrono::nanoseconds left = due - Clock::now();
    const auto wait = std::clamp(left, std::chrono::nanoseconds(0), longest);
    const std::timespec timeout{.tv_sec = wait / std::chrono::seconds(1),
                                .tv_nsec = (wait % std::chrono::seconds(1)).count()};
    struct pollfd closing = {.fd = closing_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::ppoll(&closing, 1, &timeout, nullptr);
    if (ready > 0)
        return Wakening::closed;
    return ready == 0 && left <= longest ? Wakening::due : Wakening::interrupted;
}

void Counter::close()
{
    const std::lock_guard lock(mutex_);
    if (reader_)
        (void)::eventfd_write(closing_.get(), 1);
    reader_.reset();
}

bool Counter::is_closed() const
{
    const std::lock_guard lock(mutex_);
    return !reader_;
}

} // namespace xdpstat::python
