// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "counter/snapshot.hpp"
#include "view/line.hpp"

// Counters on a page for people, whatever they were counted of.
namespace xdpstat {

/// Columns that no line of a page goes beyond.
inline constexpr std::size_t page_width = 80;
/// Where what belongs to a title begins.
inline constexpr std::size_t label_column = 2;

/// Lines, one below the other.
class Page {
public:
    explicit Page(bool utf8) : utf8_(utf8) {}

    void line(Line line) { lines_.push_back(std::move(line)); }
    void blank() { lines_.emplace_back(); }
    /// A blank line, and what the lines below it are about.
    void heading(std::string_view what);
    /// LABEL ... 1,234  12.3%  ████
    void share(std::string_view label, __u64 packets, __u64 total, Style style);

    [[nodiscard]] std::vector<Line> take() { return std::move(lines_); }

private:
    bool utf8_;
    std::vector<Line> lines_;
};

/// The totals, and where anything was counted, what they are made of.
void add_counters(Page& page, const Snapshot& snapshot);

} // namespace xdpstat
