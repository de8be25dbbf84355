// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/host_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace xdpstat {

namespace {

constexpr std::string_view scheme_mark = "://";

/// "[::1]:10435" and "[::1]" as "::1", "localhost:10435" as "localhost".
std::string_view without_port(std::string_view host, bool& in_brackets)
{
    in_brackets = host.starts_with('[');
    if (in_brackets) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
    }
    return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host, bool in_brackets)
{
    // A zone says on which link an address is, and comes behind it: fe80::1%eth0 (RFC 6874 writes it %25eth0).
    const std::string text(in_brackets ? host.substr(0, host.find('%')) : host);
    std::array<unsigned char, sizeof(struct in6_addr)> bytes{};
    return ::inet_pton(in_brackets ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1;
}

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

} // namespace

bpfxx::Result<HostNames> HostNames::parse(const std::vector<std::string>& names)
{
    HostNames hosts;
    for (const std::string& name : names) {
        const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                   c == '.' || c == '_';
        });
        if (name == "*")
            hosts.any_ = true;
        else if (is_name)
            hosts.names_.push_back(lower_case(name.ends_with('.') ? name.substr(0, name.size() - 1) : name));
        else
            return std::unexpected(bpfxx::make_error(
                bpfxx::ErrorKind::invalid, "answer to the name", name, "it is no host's name",
                "give it without scheme and port; addresses need not be given"));
    }
    return hosts;
}

bool HostNames::takes(std::string_view host) const
{
    if (any_ || host.empty())
        return true;
    bool in_brackets = false;
    std::string_view bare = without_port(host, in_brackets);
    if (is_address(bare, in_brackets))
        return true;
    if (bare.ends_with('.'))
        bare.remove_suffix(1);
    const std::string name = lower_case(bare);
    return name == "localhost" || name.ends_with(".localhost") ||
           std::ranges::find(names_, name) != names_.end();
}

bool is_host_and_port(std::string_view text) noexcept
{
    constexpr unsigned most = 65535;
    std::size_t end = text.find(':');
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos)
            return false;
        end = bracket + 1;
    }
    if (end >= text.size())
        return true;
    if (text[end] != ':')
        return false;
    const std::string_view port = text.substr(end + 1);
    if (port.empty())
        return true;
    unsigned number = 0;
    const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc() && last == port.data() + port.size() && number <= most;
}

std::string_view scheme_of(std::string_view target)
{
    const std::size_t mark = target.find(scheme_mark);
    return target.starts_with('/') || mark == std::string_view::npos ? std::string_view()
                                                                     : target.substr(0, mark);
}

std::string_view host_of(std::string_view target, std::string_view field)
{
    const std::string_view scheme = scheme_of(target);
    if (scheme.empty())
        return field;
    std::string_view host = target.substr(scheme.size() + scheme_mark.size());
    host = host.substr(0, host.find_first_of("/?#"));
    const std::size_t user = host.rfind('@');
    return user == std::string_view::npos ? host : host.substr(user + 1);
}

} // namespace xdpstat
