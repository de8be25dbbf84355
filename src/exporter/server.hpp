// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <functional>
#include <vector>

#include "bpfxx/error.hpp"
#include "exporter/host_names.hpp"
#include "exporter/listen_address.hpp"
#include "exporter/service_manager.hpp"
#include "exporter/site.hpp"
#include "exporter/web_settings.hpp"

namespace xdpstat {

struct ServerOptions {
    std::size_t most_connections = 512;
    /// Names by which clients may call it. Where it has none, connections to addresses that other machines reach are not
    /// asked for the name; local sockets never are.
    HostNames hosts;
    std::function<void()> reload;  ///< what SIGHUP asks for
    std::function<void()> started; ///< called once it answers, and obeys signals
};

/// Serves until SIGTERM or SIGINT, which end it cleanly: answers that are under way are given, for two seconds at most; then
/// both are blocked, for the process to end as it wants to; a password that is being compared is left to the end of the process. Tells the service manager when it is ready, reloads, lives and
/// ends. For a process of one thread.
/// Errors: system, where the kernel gives no event queue.
[[nodiscard]] bpfxx::Result<> serve(Site& site, WebSettings& web, std::vector<ListeningSocket> sockets,
                                    const ServiceManager& manager, ServerOptions options);

} // namespace xdpstat
