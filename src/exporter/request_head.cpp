// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/request_head.hpp"

#include <algorithm>

#include "exporter/host_names.hpp"
#include "exporter/words.hpp"

namespace xdpstat {

namespace {

constexpr std::string_view line_end = "\r\n";

/// RFC 9110, 5.6.2.
bool is_token_character(char c) noexcept
{
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

bool is_control(char c) noexcept
{
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

/// Takes a line without its end off the text.
std::string_view take_line(std::string_view& text) noexcept
{
    const std::size_t end = text.find(line_end);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + line_end.size());
    return line;
}

/// A path, "*", which means the server itself, or a whole address as to a proxy (RFC 9112, 3.2).
std::optional<RequestFault> check_target(std::string_view method, std::string_view target) noexcept
{
    const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
    if (target.empty() || !std::ranges::all_of(target, is_visible))
        return RequestFault{400, "the target has characters that no URI has"};
    // A fragment stays with the client.
    if (target.find('#') != std::string_view::npos)
        return RequestFault{400, "the target is no path"};
    if (target == "*" && method != "OPTIONS")
        return RequestFault{400, "only OPTIONS has the target *"};
    if (target.front() != '/' && target != "*") {
        const std::string_view scheme = target.substr(0, target.find("://"));
        if (scheme.size() == target.size())
            return RequestFault{400, "the target is no path"};
        if (!same_word(scheme, "http") && !same_word(scheme, "https"))
            return RequestFault{400, "the target is no address of HTTP"};
        const std::string_view host = host_of(target, {});
        if (host.empty() || !is_host_and_port(host))
            return RequestFault{400, "the target names no host"};
    }
    if (target.size() > most_target_bytes)
        return RequestFault{414, "the target is too long"};
    return std::nullopt;
}

std::optional<RequestFault> check_request_line(std::string_view line, bool& is_1_1) noexcept
{
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return RequestFault{400, "the request line is not METHOD TARGET VERSION"};
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method))
        return RequestFault{400, "the method is no token"};
    if (!version.starts_with("HTTP/") || version.size() != 8 || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7]))
        return RequestFault{400, "the version is not HTTP/1.1"};
    if (version[5] != '1')
        return RequestFault{505, "this server speaks HTTP/1.1"};
    if (const auto fault = check_target(method, target))
        return fault;
    // A later minor version is spoken to as the latest that is known (RFC 9110, 2.5).
    is_1_1 = version[7] != '0';
    return std::nullopt;
}

/// What the fields of a head say together.
struct Fields {
    std::size_t count = 0;
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
};

std::optional<RequestFault> check_value(std::string_view name, std::string_view value, Fields& seen) noexcept
{
    if (same_word(name, "host")) {
        seen.hosts++;
        const auto is_of_host = [](char c) {
            return c > ' ' && c < 0x7f &&
                   std::string_view("/\\?#@\"<>^`{|}").find(c) == std::string_view::npos;
        };
        if (!std::ranges::all_of(value, is_of_host) || !is_host_and_port(value))
            return RequestFault{400, "the Host field names no host"};
    } else if (same_word(name, "content-length")) {
        seen.lengths++;
        if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, is_digit))
            return RequestFault{400, "the Content-Length is no number"};
    } else if (same_word(name, "transfer-encoding")) {
        seen.codings++;
        // RFC 9112, 6.3 and 6.1: where chunked is not the last one, nobody knows where the content ends.
        const std::size_t comma = value.rfind(',');
        if (!same_word(trimmed(value.substr(comma == std::string_view::npos ? 0 : comma + 1)), "chunked"))
            return RequestFault{400, "the Transfer-Encoding does not end with chunked"};
        if (comma != std::string_view::npos)
            return RequestFault{501, "no Transfer-Encoding but chunked is known here"};
    }
    return std::nullopt;
}

std::optional<RequestFault> check_field(std::string_view line, Fields& seen) noexcept
{
    if (line.front() == ' ' || line.front() == '\t')
        return RequestFault{400, "a field goes on in the next line, which RFC 9112 forbids"};
    if (++seen.count > most_fields)
        return RequestFault{431, "there are too many fields"};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        return RequestFault{400, "a field is not NAME: VALUE"};
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (std::ranges::any_of(value, is_control))
        return RequestFault{400, "a field has control characters"};
    return check_value(line.substr(0, colon), value, seen);
}

} // namespace

RequestFault what_is_too_long(std::string_view bytes) noexcept
{
    const std::string_view rest = bytes.substr(std::min(bytes.find(line_end), bytes.size()));
    const std::string_view line = bytes.substr(0, bytes.size() - rest.size());
    if (rest.empty() && line.find(' ') != std::string_view::npos)
        return {414, "the target is too long"};
    bool is_1_1 = false;
    if (const auto fault = check_request_line(line, is_1_1))
        return *fault;
    return {431, "the head is longer than 8192 bytes"};
}

std::optional<RequestFault> check_beginning(std::string_view bytes) noexcept
{
    for (std::size_t at = 0; at < bytes.size(); at++) {
        const char c = bytes[at];
        if (c == '\n' && (at == 0 || bytes[at - 1] != '\r'))
            return RequestFault{400, "a line ends without a carriage return"};
        if (c == '\r' && at + 1 < bytes.size() && bytes[at + 1] != '\n')
            return RequestFault{400, "a carriage return stands alone"};
        if (is_control(c) && c != '\r' && c != '\n')
            return RequestFault{400, "there are control characters in the head"};
    }
    return std::nullopt;
}

std::optional<RequestFault> check_head(std::string_view head) noexcept
{
    if (const auto fault = check_beginning(head))
        return fault;
    bool is_1_1 = false;
    if (const auto fault = check_request_line(take_line(head), is_1_1))
        return fault;
    Fields seen;
    for (std::string_view line = take_line(head); !line.empty(); line = take_line(head))
        if (const auto fault = check_field(line, seen))
            return fault;
    if (seen.hosts > 1 || (is_1_1 && seen.hosts == 0))
        return RequestFault{400, "there must be one Host field"};
    if (seen.lengths > 1 || seen.codings > 1 || (seen.lengths != 0 && seen.codings != 0))
        return RequestFault{400, "the end of the request is told in two ways"};
    if (seen.codings != 0 && !is_1_1)
        return RequestFault{400, "HTTP/1.0 knows no Transfer-Encoding"};
    return std::nullopt;
}

} // namespace xdpstat
