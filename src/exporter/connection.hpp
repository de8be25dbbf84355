// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "exporter/broadcast.hpp"
#include "exporter/host_names.hpp"
#include "exporter/password_checker.hpp"
#include "exporter/site.hpp"
#include "exporter/transport.hpp"
#include "exporter/web_settings.hpp"

namespace xdpstat {

/// How long a client may take.
struct Patience {
    std::chrono::seconds idle{30};   ///< between two requests
    std::chrono::seconds head{10};   ///< from the first byte of a request to the end of its head
    std::chrono::seconds write{30};  ///< to take an answer
    std::chrono::seconds event{10};  ///< to take an event of a stream
    std::chrono::seconds goodbye{1}; ///< to close its end once it was told
};

/// What all connections share. Holds nothing of Asio's, so it may outlive the io_context. Not thread-safe.
class Connections {
public:
    Connections(Site& served, WebSettings& settings, const HostNames& names, std::size_t most)
        : site(served), web(settings), hosts(names), broadcast(served), most_(most)
    {
    }

    Site& site;
    WebSettings& web;
    const HostNames& hosts;
    PasswordChecker* passwords = nullptr; ///< set before the first connection
    std::size_t checking = 0;             ///< passwords, now
    Broadcast broadcast;
    Patience patience;
    bool stopping = false;
    std::size_t streams = 0;

    /// Whether another one may be served; where all places are taken, that which has waited longest for a request goes.
    [[nodiscard]] bool make_room();
    /// At most half of them may be streams, which never end by themselves.
    [[nodiscard]] bool may_stream() const noexcept { return streams < (most_ + 1) / 2; }
    /// Closes those that wait for a request.
    void close_idle();
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

    /// Counts a connection while it lives.
    class Place {
    public:
        explicit Place(Connections& all) : all_(all) { all_.count_++; }
        ~Place() { all_.count_--; }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        Connections& all_;
    };

    /// Marks a connection as waiting for a request while it lives.
    class Waiting {
    public:
        Waiting(Connections& all, Socket& socket)
            : all_(all), at_(all.waiting_.insert(all.waiting_.end(), &socket))
        {
        }
        ~Waiting() { all_.waiting_.erase(at_); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

    private:
        Connections& all_;
        std::list<Socket*>::iterator at_;
    };

private:
    std::size_t most_;
    std::size_t count_ = 0;
    std::list<Socket*> waiting_; ///< the longest first; borrowed
};

/// Answers the requests of a connection, one after the other, until either end closes it.
/// @param any_host whether the client may call this server by any name
boost::asio::awaitable<void> serve_connection(std::unique_ptr<Transport> transport, bool any_host,
                                              Connections& all);

} // namespace xdpstat
