// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/layout_report.hpp"

namespace bpfxx {

namespace {

void append_column(std::string& line, std::string_view text, std::size_t width)
{
    line += text;
    line.append(width > text.size() ? width - text.size() : 0, ' ');
    line += "  ";
}

const char* effect_name(Effect effect)
{
    switch (effect) {
    case Effect::same_bytes:
        return "same bytes";
    case Effect::bridged:
        return "bridged";
    case Effect::refused:
        break;
    }
    return "refused";
}

} // namespace

std::string LayoutReport::table() const
{
    if (differences.empty())
        return {};
    std::vector<Difference> rows{{"field", "C++ " + wanted, "map " + found, {}}};
    rows.insert(rows.end(), differences.begin(), differences.end());
    std::size_t field_width = 0;
    std::size_t wanted_width = 0;
    std::size_t found_width = 0;
    for (Difference& row : rows) {
        if (row.wanted.empty())
            row.wanted = "-";
        if (row.found.empty())
            row.found = "missing";
        field_width = std::max(field_width, row.field.size());
        wanted_width = std::max(wanted_width, row.wanted.size());
        found_width = std::max(found_width, row.found.size());
    }
    std::string text;
    for (std::size_t i = 0; i < rows.size(); i++) {
        std::string line = "  ";
        append_column(line, rows[i].field, field_width);
        append_column(line, rows[i].wanted, wanted_width);
        append_column(line, rows[i].found, found_width);
        line += i == 0 ? "" : effect_name(rows[i].effect);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

} // namespace bpfxx
