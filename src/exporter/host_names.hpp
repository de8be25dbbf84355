// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/error.hpp"

// Which names a request may be addressed to. A page of another site can have its own name lead to an address of this
// machine (DNS rebinding), and would then read all that is served here; but its browser says that name in the request.
namespace xdpstat {

/// The names by which this server may be asked. An address says nothing of a page's origin but itself, so all are taken;
/// so are localhost and names below it, which no name server answers for (RFC 6761, 6.3).
class HostNames {
public:
    /// Of --web.allowed-host: names without a port, or "*" for any. Pure. Errors: invalid.
    [[nodiscard]] static bpfxx::Result<HostNames> parse(const std::vector<std::string>& names);

    /// Whether further names were given.
    [[nodiscard]] bool has_names() const noexcept { return any_ || !names_.empty(); }
    /// Whether a request for this host may be answered. @param host "localhost:10435", "[::1]", as in the field Host or
    /// in a URI; empty, as in requests of HTTP/1.0, is no name of anybody's and taken
    [[nodiscard]] bool takes(std::string_view host) const;

private:
    std::vector<std::string> names_; ///< in lower case
    bool any_ = false;
};

/// Whether a text has the form HOST, HOST:PORT or [ADDRESS]:PORT, with a port that there can be; the host itself is not looked
/// at. Pure.
[[nodiscard]] bool is_host_and_port(std::string_view text) noexcept;

/// "http" of "http://localhost/", a whole URI as the target of a request; empty where it is a path or "*". Pure.
[[nodiscard]] std::string_view scheme_of(std::string_view target);

/// The host that a request is for, with its port: that of its target where this is a whole URI, else that of its field
/// Host (RFC 9112, 3.2.2). Pure.
[[nodiscard]] std::string_view host_of(std::string_view target, std::string_view field);

} // namespace xdpstat
