// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/listen_address.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace xdpstat {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr int first_inherited = 3;

bpfxx::Error bad_address(std::string_view text, const std::string& cause)
{
    return bpfxx::make_error(bpfxx::ErrorKind::invalid, "listen on", std::string(text), cause,
                             "give ADDRESS:PORT, [IPV6]:PORT, :PORT or unix:/PATH");
}

std::optional<in_port_t> parse_port(std::string_view text)
{
    in_port_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return port;
}

template <class Address>
void put(ListenAddress& to, const Address& address)
{
    std::memcpy(&to.address, &address, sizeof address);
    to.size = sizeof address;
}

void put_ipv4(ListenAddress& to, struct in_addr host, in_port_t port)
{
    struct sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr = host;
    address.sin_port = htons(port);
    put(to, address);
}

void put_ipv6(ListenAddress& to, const struct in6_addr& host, in_port_t port, std::uint32_t scope)
{
    struct sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_addr = host;
    address.sin6_port = htons(port);
    address.sin6_scope_id = scope;
    put(to, address);
}

bpfxx::Result<ListenAddress> parse_local(std::string_view text)
{
    ListenAddress result;
    result.text = text;
    result.path = text.substr(unix_prefix.size());
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (result.path.empty() || result.path.size() >= sizeof address.sun_path)
        return std::unexpected(bad_address(text, "the path of a local socket has 1 to 107 bytes"));
    result.path.copy(address.sun_path, sizeof address.sun_path - 1);
    put(result, address);
    return result;
}

bool is_loopback(const struct in6_addr& host)
{
    const bool is_ipv4 = IN6_IS_ADDR_V4MAPPED(&host);
    return is_ipv4 ? host.s6_addr[12] == IN_LOOPBACKNET : IN6_IS_ADDR_LOOPBACK(&host);
}

std::string last_error()
{
    return std::strerror(errno);
}

/// Fills in what the socket's own address says: its URL, for the port may have been 0, for any that is free.
void describe(ListeningSocket& socket)
{
    struct sockaddr_storage storage = {};
    socklen_t size = sizeof storage;
    if (::getsockname(socket.fd.get(), reinterpret_cast<struct sockaddr*>(&storage), &size) != 0) {
        socket.url = "a socket: " + last_error();
        return;
    }
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (storage.ss_family == AF_INET) {
        struct sockaddr_in address = {};
        std::memcpy(&address, &storage, sizeof address);
        ::inet_ntop(AF_INET, &address.sin_addr, host.data(), host.size());
        socket.is_loopback = ntohl(address.sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
        socket.url =
            std::string("http://") + host.data() + ":" + std::to_string(ntohs(address.sin_port)) + "/";
    } else if (storage.ss_family == AF_INET6) {
        struct sockaddr_in6 address = {};
        std::memcpy(&address, &storage, sizeof address);
        ::inet_ntop(AF_INET6, &address.sin6_addr, host.data(), host.size());
        socket.is_loopback = is_loopback(address.sin6_addr);
        socket.url =
            std::string("http://[") + host.data() + "]:" + std::to_string(ntohs(address.sin6_port)) + "/";
    } else {
        struct sockaddr_un address = {};
        std::memcpy(&address, &storage, sizeof address);
        socket.is_local = true;
        socket.url = std::string(unix_prefix) + address.sun_path;
    }
}

/// Whether a path leads to something that is no socket.
bool is_other_file(const std::string& path)
{
    struct stat status = {};
    return !path.empty() && ::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode);
}

bpfxx::Error listen_error(const ListenAddress& address, int error_number)
{
    using bpfxx::ErrorKind;
    switch (error_number) {
    case EADDRINUSE:
        if (is_other_file(address.path))
            return bpfxx::make_error(ErrorKind::busy, "listen on", address.text,
                                     "a file that is no socket is there",
                                     "choose another path with --web.listen-address, or take the file away");
        return bpfxx::make_error(ErrorKind::busy, "listen on", address.text, "another process listens there",
                                 "see which: " + std::string(address.path.empty() ? "ss -ltnp" : "ss -lxp") +
                                     "; or choose another with --web.listen-address");
    case EADDRNOTAVAIL:
        return bpfxx::make_error(ErrorKind::not_found, "listen on", address.text,
                                 "this machine has no such address", "see which it has: ip address");
    case EACCES:
    case EPERM:
        return bpfxx::make_error(ErrorKind::permission, "listen on", address.text,
                                 std::strerror(error_number),
                                 address.path.empty() ? "ports below 1024 need CAP_NET_BIND_SERVICE" : "");
    default:
        return bpfxx::system_error("listen on", address.text, error_number);
    }
}

/// A local socket that nobody listens to any more is in the way of a new one.
void remove_stale(const ListenAddress& address)
{
    struct stat status = {};
    if (::lstat(address.path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    const bpfxx::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (probe &&
        ::connect(probe.get(), reinterpret_cast<const struct sockaddr*>(&address.address), address.size) !=
            0 &&
        errno == ECONNREFUSED)
        ::unlink(address.path.c_str());
}

/// @param error_number why it failed, where it did
bpfxx::Result<ListeningSocket> try_listen(const ListenAddress& address, int& error_number)
{
    const auto failed = [&] {
        error_number = errno;
        return std::unexpected(listen_error(address, error_number));
    };
    const int family = address.address.ss_family;
    ListeningSocket result;
    result.fd = bpfxx::Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!result.fd)
        return failed();
    const int on = 1;
    const int only_ipv6 = address.any ? 0 : 1;
    if (address.path.empty())
        ::setsockopt(result.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else
        remove_stale(address);
    if (family == AF_INET6)
        ::setsockopt(result.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof only_ipv6);
    if (::bind(result.fd.get(), reinterpret_cast<const struct sockaddr*>(&address.address), address.size) !=
        0)
        return failed();
    result.path = address.path;
    if (::listen(result.fd.get(), SOMAXCONN) != 0)
        return failed();
    describe(result);
    return result;
}

bpfxx::Result<ListeningSocket> inherited_socket(int number)
{
    int listens = 0;
    int type = 0;
    socklen_t size = sizeof listens;
    const bool listening =
        ::getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
    size = sizeof type;
    if (!listening || ::getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return std::unexpected(bpfxx::make_error(
            bpfxx::ErrorKind::incompatible, "take over", "descriptor " + std::to_string(number),
            "it is no stream socket that listens", "in the socket unit: ListenStream=, and Accept=no"));
    ::fcntl(number, F_SETFD, FD_CLOEXEC);
    ::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK);
    ListeningSocket result;
    result.fd = bpfxx::Fd(number);
    describe(result);
    return result;
}

/// A number of the environment; empty where it is none.
std::optional<int> number_of(const char* text)
{
    if (text == nullptr)
        return std::nullopt;
    const std::string_view digits(text);
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return number;
}

} // namespace

bpfxx::Result<ListenAddress> parse_listen_address(std::string_view text)
{
    if (text.starts_with(unix_prefix))
        return parse_local(text);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return std::unexpected(bad_address(text, "there is no port"));
    const auto port = parse_port(text.substr(colon + 1));
    if (!port)
        return std::unexpected(bad_address(text, "a port is a number from 0 to 65535"));
    std::string host(text.substr(0, colon));
    ListenAddress result;
    result.text = text;
    struct in_addr ipv4 = {};
    struct in6_addr ipv6 = {};
    if (host.empty()) {
        result.any = true;
        put_ipv6(result, in6addr_any, *port, 0);
        return result;
    }
    if (host == "localhost")
        host = "127.0.0.1";
    if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
        put_ipv4(result, ipv4, *port);
        return result;
    }
    if (host.size() < 3 || host.front() != '[' || host.back() != ']')
        return std::unexpected(
            bad_address(text, host.find(':') == std::string::npos
                                  ? "'" + host + "' is no IP address, and names are not looked up"
                                  : "an IPv6 address stands in brackets"));
    host = host.substr(1, host.size() - 2);
    std::uint32_t scope = 0;
    if (const std::size_t percent = host.find('%'); percent != std::string::npos) {
        scope = ::if_nametoindex(host.substr(percent + 1).c_str());
        if (scope == 0)
            return std::unexpected(bad_address(text, "there is no interface " + host.substr(percent + 1)));
        host.resize(percent);
    }
    if (::inet_pton(AF_INET6, host.c_str(), &ipv6) != 1)
        return std::unexpected(bad_address(text, "'" + host + "' is no IPv6 address"));
    put_ipv6(result, ipv6, *port, scope);
    return result;
}

bpfxx::Result<ListeningSocket> listen_on(const ListenAddress& address)
{
    int error_number = 0;
    auto result = try_listen(address, error_number);
    if (result || !address.any || (error_number != EAFNOSUPPORT && error_number != EADDRNOTAVAIL))
        return result;
    // A machine without IPv6.
    ListenAddress ipv4 = address;
    struct sockaddr_in6 wanted = {};
    std::memcpy(&wanted, &address.address, sizeof wanted);
    put_ipv4(ipv4, in_addr{INADDR_ANY}, ntohs(wanted.sin6_port));
    return try_listen(ipv4, error_number);
}

bpfxx::Result<std::vector<ListeningSocket>> inherited_sockets()
{
    const auto process = number_of(std::getenv("LISTEN_PID"));
    const auto count = number_of(std::getenv("LISTEN_FDS"));
    for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        ::unsetenv(variable);
    std::vector<ListeningSocket> sockets;
    if (process != ::getpid() || !count)
        return sockets;
    for (int number = first_inherited; number < first_inherited + *count; number++) {
        auto socket = inherited_socket(number);
        if (!socket)
            return std::unexpected(std::move(socket).error());
        sockets.push_back(std::move(*socket));
    }
    return sockets;
}

} // namespace xdpstat
