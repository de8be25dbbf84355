// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/service_manager.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <unistd.h>

namespace xdpstat {

namespace {

std::optional<std::int64_t> number_of(const char* text)
{
    if (text == nullptr)
        return std::nullopt;
    const std::string_view digits(text);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return number;
}

} // namespace

ServiceManager ServiceManager::from_environment()
{
    ServiceManager manager;
    const char* variable = std::getenv("NOTIFY_SOCKET");
    const std::string path = variable == nullptr ? "" : variable;
    const auto watchdog = number_of(std::getenv("WATCHDOG_USEC"));
    const auto watched = number_of(std::getenv("WATCHDOG_PID"));
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
        ::unsetenv(name);

    const bool is_path = path.starts_with('/') || path.starts_with('@');
    if (!is_path || path.size() >= sizeof manager.address_.sun_path)
        return manager;
    manager.address_.sun_family = AF_UNIX;
    path.copy(manager.address_.sun_path, path.size());
    if (path.front() == '@')
        manager.address_.sun_path[0] = '\0'; // an abstract name
    manager.size_ = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + path.size());
    manager.socket_ = bpfxx::Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (watchdog && *watchdog > 1 && (!watched || *watched == ::getpid()))
        manager.watchdog_ = std::chrono::microseconds(*watchdog / 2);
    return manager;
}

void ServiceManager::tell(std::string_view state) const
{
    if (socket_)
        (void)::sendto(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL,
                       reinterpret_cast<const struct sockaddr*>(&address_), size_);
}

void ServiceManager::tell_reloading() const
{
    struct timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t microseconds = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

} // namespace xdpstat
