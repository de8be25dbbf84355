// SPDX-License-Identifier: BSD-2-Clause
#include "counter/interface_filter.hpp"

#include <optional>
#include <regex>
#include <utility>

namespace xdpstat {

struct InterfaceFilter::Patterns {
    std::optional<std::regex> include;
    std::optional<std::regex> exclude;
};

namespace {

bpfxx::Result<std::optional<std::regex>> compile(const std::string& text)
{
    if (text.empty())
        return std::nullopt;
    try {
        return std::regex(text, std::regex::ECMAScript | std::regex::nosubs | std::regex::optimize);
    } catch (const std::regex_error& error) {
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "take as a regular expression",
                                                 "'" + text + "'", error.what(),
                                                 "give one such as 'eth[0-9]+|veth.*'"));
    }
}

} // namespace

bpfxx::Result<InterfaceFilter> InterfaceFilter::make(const std::string& include, const std::string& exclude)
{
    auto included = compile(include);
    if (!included)
        return std::unexpected(std::move(included).error());
    auto excluded = compile(exclude);
    if (!excluded)
        return std::unexpected(std::move(excluded).error());
    InterfaceFilter filter;
    filter.patterns_ = std::make_shared<const Patterns>(
        Patterns{.include = std::move(*included), .exclude = std::move(*excluded)});
    return filter;
}

bool InterfaceFilter::matches(const std::string& interface) const
{
    if (patterns_ == nullptr)
        return true;
    const auto is_matched = [&](const std::optional<std::regex>& pattern) {
        return pattern && std::regex_match(interface, *pattern);
    };
    return (!patterns_->include || is_matched(patterns_->include)) && !is_matched(patterns_->exclude);
}

} // namespace xdpstat
