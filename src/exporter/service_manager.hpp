// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include "bpfxx/fd.hpp"

namespace xdpstat {

/// What sd_notify(3) tells the service manager, without its library: a datagram to NOTIFY_SOCKET. Does nothing where
/// there is none. Move-only.
class ServiceManager {
public:
    /// Takes what it needs from the environment, and out of it.
    [[nodiscard]] static ServiceManager from_environment();

    /// Sends "READY=1" or lines of such assignments. A manager that does not listen is no failure.
    void tell(std::string_view state) const;
    /// "RELOADING=1" with the time that the protocol wants; "READY=1" ends it.
    void tell_reloading() const;

    /// How often it wants to hear "WATCHDOG=1"; half of the time after which it would end this process.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

private:
    bpfxx::Fd socket_;
    struct sockaddr_un address_{};
    socklen_t size_ = 0;
    std::optional<std::chrono::microseconds> watchdog_;
};

} // namespace xdpstat
