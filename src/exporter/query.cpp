// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/query.hpp"

#include <algorithm>
#include <charconv>

namespace xdpstat {

namespace {

std::string decoded(std::string_view text)
{
    std::string result;
    for (std::size_t at = 0; at < text.size(); at++) {
        unsigned char byte = 0;
        const std::string_view digits = text.substr(at, 3);
        if (digits.size() == 3 && digits[0] == '%' &&
            std::from_chars(digits.data() + 1, digits.data() + 3, byte, 16).ptr == digits.data() + 3) {
            result += static_cast<char>(byte);
            at += 2;
        } else {
            result += text[at] == '+' ? ' ' : text[at];
        }
    }
    return result;
}

/// Takes "NAME=VALUE" off the front.
std::string_view take_pair(std::string_view& query)
{
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    return pair;
}

/// What may be repeated in an answer, whoever asks.
bool is_word(std::string_view text)
{
    constexpr std::size_t longest = 32;
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-' || c == '.';
    });
}

} // namespace

std::vector<std::string> query_values(std::string_view query, std::string_view name)
{
    std::vector<std::string> values;
    while (!query.empty()) {
        const std::string_view pair = take_pair(query);
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            values.push_back(decoded(pair.substr(equals + 1)));
    }
    return values;
}

std::optional<std::string> query_fault(std::string_view query, std::span<const std::string_view> known)
{
    while (!query.empty()) {
        const std::string_view pair = take_pair(query);
        const std::string_view name = pair.substr(0, pair.find('='));
        if (pair.empty())
            continue;
        if (std::ranges::find(known, name) != known.end()) {
            if (name.size() == pair.size())
                return "the parameter " + std::string(name) + " has no value";
            continue;
        }
        std::string fault = is_word(name) ? "there is no parameter " + std::string(name) + " here"
                                          : std::string("there is a parameter here that is not known");
        fault += known.empty() ? ", and no other" : "; there are: ";
        for (std::size_t at = 0; at < known.size(); at++)
            (fault += at == 0 ? "" : ", ") += known[at];
        return fault;
    }
    return std::nullopt;
}

std::optional<double> query_number(std::string_view query, std::string_view name, double least, double most,
                                   double otherwise)
{
    const auto values = query_values(query, name);
    if (values.empty())
        return otherwise;
    if (values.size() > 1)
        return std::nullopt;
    double number = 0;
    const std::string& text = values.front();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !(number >= least && number <= most))
        return std::nullopt;
    return number;
}

} // namespace xdpstat
