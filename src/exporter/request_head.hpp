// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What RFC 9112 asks of a request before anything is made of it. All pure.
namespace xdpstat {

/// Why a request is refused: a status code, and a sentence for whoever reads the answer.
struct RequestFault {
    unsigned status = 400;
    std::string_view reason;
};

inline constexpr std::size_t most_head_bytes = 8192;
inline constexpr std::size_t most_target_bytes = 2048;
inline constexpr std::size_t most_fields = 64;

/// What can be said of the first bytes of a request, its head not being complete yet: no client that speaks HTTP/1 ends
/// a line with a line feed alone or sends control characters.
[[nodiscard]] std::optional<RequestFault> check_beginning(std::string_view bytes) noexcept;

/// What of a request is too long, more than most_head_bytes having come without the end of its head.
[[nodiscard]] RequestFault what_is_too_long(std::string_view bytes) noexcept;

/// Checks a complete head, with the empty line that ends it: the request line, the form of every field, one Host, and
/// no two ways to tell where the request ends. A second opinion before the parser, and a stricter one: what two servers may
/// understand differently is refused (no obsolete line folding, no blank before a colon, no list of lengths).
[[nodiscard]] std::optional<RequestFault> check_head(std::string_view head) noexcept;

} // namespace xdpstat
