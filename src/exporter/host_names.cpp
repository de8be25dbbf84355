// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/host_names.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace xdpstat {

namespace {

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

std::string_view host_of(std::string_view target, std::string_view field)
{
    constexpr std::string_view mark = "://";
    const std::size_t scheme = target.find(mark);
    if (target.starts_with('/') || scheme == std::string_view::npos)
        return field;
    std::string_view host = target.substr(scheme + mark.size());
    host = host.substr(0, host.find_first_of("/?#"));
    const std::size_t user = host.rfind('@');
    return user == std::string_view::npos ? host : host.substr(user + 1);
}

} // namespace xdpstat
