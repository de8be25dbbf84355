// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/server.hpp"

#include <cerrno>
#include <csignal>
#include <exception>
#include <list>
#include <system_error>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/socket.h>

#include "exporter/connection.hpp"
#include "exporter/password_checker.hpp"

namespace xdpstat {

namespace asio = boost::asio;

namespace {

using std::chrono::steady_clock;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// How long answers under way may take once the server is to end.
constexpr auto longest_end = std::chrono::seconds(2);
/// How long to wait for a descriptor or memory to become free.
constexpr auto pause_without_means = std::chrono::milliseconds(100);
constexpr std::string_view too_many =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 31\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    "there are too many connections\n";

class Server {
public:
    Server(Site& site, WebSettings& web, const ServiceManager& manager, ServerOptions options)
        : site_(site), web_(web), manager_(manager), options_(std::move(options)),
          all_(site, web, options_.hosts, options_.most_connections)
    {
        all_.passwords = &passwords_;
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() { passwords_.end(); }

    void run(std::vector<ListeningSocket> sockets)
    {
        for (ListeningSocket& socket : sockets)
            asio::co_spawn(context_, accept(std::move(socket)), asio::detached);
        asio::co_spawn(context_, obey_signals(), asio::detached);
        asio::co_spawn(context_, sample(), asio::detached);
        if (const auto interval = manager_.watchdog())
            asio::co_spawn(context_, feed_watchdog(*interval), asio::detached);
        // Behind those above, which then have begun.
        asio::post(context_, [this] {
            if (options_.started)
                options_.started();
            manager_.tell("READY=1");
        });
        context_.run();
        // Asked to end again it would die of it once nobody waits for signals: with what was begun half done.
        sigset_t ending;
        ::sigemptyset(&ending);
        ::sigaddset(&ending, SIGTERM);
        ::sigaddset(&ending, SIGINT);
        ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    }

private:
    /// Takes the connections of a socket until the server ends.
    asio::awaitable<void> accept(ListeningSocket listening)
    {
        int domain = 0;
        socklen_t size = sizeof domain;
        ::getsockopt(listening.fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size);
        // A copy of the descriptor: the acceptor closes its own.
        Acceptor acceptor(context_, asio::generic::stream_protocol(domain, 0),
                          ::fcntl(listening.fd.get(), F_DUPFD_CLOEXEC, 0));
        // A browser is led to a loopback address by somebody else's name; who listens for other machines has to expect
        // names that nobody told it of.
        const bool any_host = listening.is_local || (!listening.is_loopback && !options_.hosts.has_names());
        const auto at = acceptors_.insert(acceptors_.end(), &acceptor);
        while (!all_.stopping) {
            auto [error, socket] = co_await acceptor.async_accept(as_result);
            if (all_.stopping)
                break;
            if (error == asio::error::connection_aborted)
                continue;
            if (error) {
                // No descriptors, no memory: those who wait for nothing make room.
                (void)all_.make_room();
                asio::steady_timer pause(context_, pause_without_means);
                (void)co_await pause.async_wait(as_result);
            } else if (all_.make_room()) {
                asio::co_spawn(context_, serve_connection(transport_of(std::move(socket)), any_host, all_),
                               [this](const std::exception_ptr&) {
                                   if (all_.stopping && all_.count() == 0)
                                       context_.stop();
                               });
            } else {
                (void)::send(socket.native_handle(), too_many.data(), too_many.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
            }
        }
        acceptors_.erase(at);
    }

    [[nodiscard]] std::unique_ptr<Transport> transport_of(Socket socket)
    {
        const auto web = web_.now();
        return web->tls ? tls_transport(std::move(socket), web->tls) : plain_transport(std::move(socket));
    }

    asio::awaitable<void> obey_signals()
    {
        for (;;) {
            const auto [error, signal] = co_await signals_.async_wait(as_result);
            if (error)
                co_return;
            if (all_.stopping)
                continue; // asked to end once more
            if (signal != SIGHUP) {
                asio::co_spawn(context_, stop(), asio::detached);
                continue;
            }
            manager_.tell_reloading();
            web_.reload();
            site_.look_again();
            if (options_.reload)
                options_.reload();
            manager_.tell("READY=1");
        }
    }

    asio::awaitable<void> stop()
    {
        all_.stopping = true;
        manager_.tell("STOPPING=1");
        boost::system::error_code ignored;
        for (Acceptor* acceptor : acceptors_)
            (void)acceptor->close(ignored);
        all_.close_idle();
        all_.broadcast.wake_all();
        asio::steady_timer deadline(context_, all_.count() == 0 ? steady_clock::duration() : longest_end);
        (void)co_await deadline.async_wait(as_result);
        context_.stop();
    }

    /// The history's clock: a row a second, on a grid.
    asio::awaitable<void> sample()
    {
        asio::steady_timer clock(context_);
        for (auto next = steady_clock::now(); !all_.stopping; next += std::chrono::seconds(1)) {
            next = std::max(next, steady_clock::now() - std::chrono::seconds(1));
            clock.expires_at(next);
            (void)co_await clock.async_wait(as_result);
            site_.sample();
        }
    }

    asio::awaitable<void> feed_watchdog(std::chrono::microseconds interval)
    {
        asio::steady_timer clock(context_);
        for (;;) {
            manager_.tell("WATCHDOG=1");
            clock.expires_after(interval);
            const auto [error] = co_await clock.async_wait(as_result);
            if (error)
                co_return;
        }
    }

    Site& site_;
    WebSettings& web_;
    const ServiceManager& manager_;
    ServerOptions options_;
    // Before the io_context: what is left of the coroutines is destroyed with it, and refers to these.
    Connections all_;
    std::list<Acceptor*> acceptors_;
    PasswordChecker passwords_{context_};
    asio::io_context context_{1};
    asio::signal_set signals_{context_, SIGTERM, SIGINT, SIGHUP};
};

} // namespace

bpfxx::Result<> serve(Site& site, WebSettings& web, std::vector<ListeningSocket> sockets,
                      const ServiceManager& manager, ServerOptions options)
{
    try {
        Server server(site, web, manager, std::move(options));
        server.run(std::move(sockets));
    } catch (const boost::system::system_error& error) {
        // Asio throws where the kernel gives it no epoll or timer descriptor.
        return std::unexpected(bpfxx::system_error("start", "the server", error.code().value()));
    } catch (const std::system_error& error) {
        return std::unexpected(bpfxx::system_error("start", "a thread", error.code().value()));
    }
    return {};
}

} // namespace xdpstat
