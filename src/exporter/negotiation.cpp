// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/negotiation.hpp"

#include <charconv>

#include "exporter/words.hpp"

namespace xdpstat {

namespace {

/// Takes the part before the separator off the text.
std::string_view take(std::string_view& text, char separator) noexcept
{
    const std::size_t at = text.find(separator);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return trimmed(part);
}

/// One member of a list with weights: "text/plain;version=0.0.4;q=0.5".
struct Wish {
    std::string_view name;
    std::string_view version; ///< without quotation marks; empty: any
    int weight = 1000;        ///< thousandths
};

int parse_weight(std::string_view text) noexcept
{
    double weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    // What is no weight is not wanted: a client that means to have it says so.
    if (error != std::errc() || end != text.data() + text.size() || !(weight >= 0 && weight <= 1))
        return 0;
    return static_cast<int>(weight * 1000);
}

Wish parse_wish(std::string_view text) noexcept
{
    Wish wish;
    wish.name = take(text, ';');
    while (!text.empty()) {
        std::string_view value = take(text, ';');
        const std::string_view name = take(value, '=');
        if (same_word(name, "q"))
            wish.weight = parse_weight(trimmed(value));
        else if (same_word(name, "version"))
            wish.version =
                value.size() >= 2 && value.front() == '"' ? value.substr(1, value.size() - 2) : value;
    }
    return wish;
}

} // namespace

MetricsFormat choose_format(std::string_view accept) noexcept
{
    MetricsFormat best = MetricsFormat::text;
    int weight = 0;
    while (!accept.empty()) {
        const Wish wish = parse_wish(take(accept, ','));
        const bool openmetrics = same_word(wish.name, "application/openmetrics-text") &&
                                 (wish.version.empty() || wish.version == "1.0.0");
        const bool text =
            same_word(wish.name, "*/*") || same_word(wish.name, "text/*") ||
            (same_word(wish.name, "text/plain") && (wish.version.empty() || wish.version == "0.0.4"));
        // Of two with the same weight the first that is named.
        if ((openmetrics || text) && wish.weight > weight) {
            best = openmetrics ? MetricsFormat::openmetrics : MetricsFormat::text;
            weight = wish.weight;
        }
    }
    return best;
}

bool takes_gzip(std::string_view accept_encoding) noexcept
{
    bool any = false;
    while (!accept_encoding.empty()) {
        const Wish wish = parse_wish(take(accept_encoding, ','));
        if (same_word(wish.name, "gzip") || same_word(wish.name, "x-gzip"))
            return wish.weight > 0;
        if (wish.name == "*")
            any = wish.weight > 0;
    }
    return any;
}

bool matches_tag(std::string_view if_none_match, std::string_view tag) noexcept
{
    // Weakly, as RFC 9110, 13.1.2 has it: whether a tag is weak does not matter.
    const auto opaque = [](std::string_view one) { return one.starts_with("W/") ? one.substr(2) : one; };
    while (!if_none_match.empty())
        if (const std::string_view one = take(if_none_match, ','); one == "*" || opaque(one) == opaque(tag))
            return true;
    return false;
}

} // namespace xdpstat
