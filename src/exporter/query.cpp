// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/query.hpp"

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

} // namespace

std::vector<std::string> query_values(std::string_view query, std::string_view name)
{
    std::vector<std::string> values;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            values.push_back(decoded(pair.substr(equals + 1)));
    }
    return values;
}

std::optional<double> query_number(std::string_view query, std::string_view name, double least, double most,
                                   double otherwise)
{
    const auto values = query_values(query, name);
    if (values.empty())
        return otherwise;
    double number = 0;
    const std::string& text = values.front();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !(number >= least && number <= most))
        return std::nullopt;
    return number;
}

} // namespace xdpstat
