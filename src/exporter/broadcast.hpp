// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "exporter/site.hpp"

namespace xdpstat {

/// What the clients of streams with the same interval share. A client that is slow misses events; it never makes others
/// wait, and nothing is kept for it.
struct Channel {
    Channel(const boost::asio::any_io_executor& executor, std::chrono::milliseconds every);

    std::chrono::milliseconds interval;
    std::shared_ptr<const std::string> latest; ///< the event to send next
    std::uint64_t number = 0;                  ///< of the latest event
    boost::asio::steady_timer wake;            ///< cancelled at each event
};

/// The channels that have clients. Not thread-safe. Holds no timer itself, so it may outlive the io_context.
class Broadcast {
public:
    explicit Broadcast(Site& site) : site_(site) {}

    /// The channel of an interval. It runs for as long as somebody holds it.
    [[nodiscard]] std::shared_ptr<Channel> join(const boost::asio::any_io_executor& executor,
                                                std::chrono::milliseconds interval);
    /// Wakes every client, to find that the server ends.
    void wake_all();

private:
    boost::asio::awaitable<void> run(std::weak_ptr<Channel> weak);

    Site& site_;
    std::map<std::chrono::milliseconds, std::weak_ptr<Channel>> channels_;
};

} // namespace xdpstat
