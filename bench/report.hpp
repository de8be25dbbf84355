// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

namespace xdpstat::bench {

/// A table: the first row names the columns; the first column names the rows.
using Table = std::vector<std::vector<std::string>>;

/// One chapter of the document: what was measured, how, and what came out.
struct Section {
    std::string title;
    std::string method; ///< paragraphs of Markdown
    Table table;
};

/// Markdown that also reads well in a terminal: columns are padded to one width.
[[nodiscard]] std::string to_markdown(const Section& section);

/// Breaks text between words, as the project's documents are broken; paragraphs stay apart.
[[nodiscard]] std::string wrapped(const std::string& text);

} // namespace xdpstat::bench
