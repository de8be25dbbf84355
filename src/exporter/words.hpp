// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <string_view>

// What HTTP's fields are made of. All pure.
namespace xdpstat {

/// Whether two words are the same but for the case of ASCII letters. @param lowercase is so already
[[nodiscard]] inline bool same_word(std::string_view word, std::string_view lowercase) noexcept
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(word, lowercase, {}, lower);
}

/// Without the blanks and tabs around it (RFC 9110, 5.6.3: OWS).
[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

} // namespace xdpstat
