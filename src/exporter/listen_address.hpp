// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat {

/// Where to listen. A plain value.
struct ListenAddress {
    struct sockaddr_storage address{};
    socklen_t size = 0;
    bool any = false; ///< ":PORT": every address of the machine, of either version of IP
    std::string path; ///< of a local socket; else empty
    std::string text; ///< as it was given
};

/// Reads "127.0.0.1:10435", ":10435", "[::1]:10435", "[fe80::1%eth0]:10435", "localhost:10435" or "unix:/PATH". Other names
/// are not looked up. Pure but for the number of an interface. Errors: invalid.
[[nodiscard]] bpfxx::Result<ListenAddress> parse_listen_address(std::string_view text);

/// A socket that listens. Move-only; a local one's path is removed by whoever is done with it.
struct ListeningSocket {
    bpfxx::Fd fd;
    std::string url;          ///< "http://127.0.0.1:10435/", "unix:/run/xdpstat.sock"
    std::string path;         ///< of a local socket that this process made; else empty
    bool is_local = false;    ///< a local socket, whoever made it
    bool is_loopback = false; ///< on an address that only this machine reaches
};

/// Errors: busy where somebody listens there, not_found where the machine has no such address, permission.
[[nodiscard]] bpfxx::Result<ListeningSocket> listen_on(const ListenAddress& address);

/// The sockets that the service manager passed (LISTEN_FDS, sd_listen_fds(3)); none where it passed none. Takes the
/// variables out of the environment. Errors: incompatible where one is no listening stream socket.
[[nodiscard]] bpfxx::Result<std::vector<ListeningSocket>> inherited_sockets();

} // namespace xdpstat
