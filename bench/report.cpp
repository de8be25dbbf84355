// SPDX-License-Identifier: BSD-2-Clause
#include "bench/report.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>

#include <fmt/format.h>

namespace xdpstat::bench {

namespace {

constexpr std::size_t longest_line = 110;

std::string table_line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths)
{
    std::string line = "|";
    for (std::size_t column = 0; column < cells.size(); column++)
        line += column == 0 ? fmt::format(" {:<{}} |", cells[column], widths[column])
                            : fmt::format(" {:>{}} |", cells[column], widths[column]);
    return line + "\n";
}

std::string rule(const std::vector<std::size_t>& widths)
{
    std::string line = "|";
    for (std::size_t column = 0; column < widths.size(); column++)
        line += std::string(widths[column] + 1, '-') + (column == 0 ? "-|" : ":|");
    return line + "\n";
}

std::string to_markdown(const Table& table)
{
    std::vector<std::size_t> widths(table.front().size(), 0);
    for (const auto& row : table)
        for (std::size_t column = 0; column < row.size(); column++)
            widths[column] = std::max(widths[column], row[column].size());

    std::string text = table_line(table.front(), widths) + rule(widths);
    for (std::size_t row = 1; row < table.size(); row++)
        text += table_line(table[row], widths);
    return text;
}

std::string wrapped_paragraph(const std::string& paragraph)
{
    std::istringstream words(paragraph);
    std::string text;
    std::string line;
    for (std::string word; words >> word;) {
        if (!line.empty() && line.size() + 1 + word.size() > longest_line) {
            text += line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return text + line + "\n";
}

} // namespace

std::string wrapped(const std::string& text)
{
    std::string result;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find("\n\n", begin), text.size());
        result += (begin == 0 ? "" : "\n") + wrapped_paragraph(text.substr(begin, end - begin));
        begin = end + 2;
    }
    return result;
}

std::string to_markdown(const Section& section)
{
    return "## " + section.title + "\n\n" + wrapped(section.method) + "\n" + to_markdown(section.table);
}

} // namespace xdpstat::bench
