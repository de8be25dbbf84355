// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

namespace xdpstat {

/// The words that an option takes, and what they mean.
template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

/// An option that takes one of a few words. The first is the default. @param target, choices outlive the command
template <class Value>
void add_choice(CLI::App& command, const std::string& name, Value& target, const Choices<Value>& choices,
                const std::string& help)
{
    std::string words;
    for (const auto& [word, value] : choices)
        words += (words.empty() ? "" : "|") + word;
    const auto choose = [&target, &choices, name, words](const std::string& wanted) {
        const auto found = std::ranges::find(choices, wanted, &std::pair<std::string, Value>::first);
        if (found == choices.end())
            throw CLI::ValidationError(name, "'" + wanted + "' is none of " + words);
        target = found->second;
    };
    command.add_option_function<std::string>(name, choose, help)
        ->type_name(words)
        ->default_str(choices.front().first);
}

} // namespace xdpstat
