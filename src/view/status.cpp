// SPDX-License-Identifier: BSD-2-Clause
#include "view/status.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "view/human.hpp"
#include "view/json_fields.hpp"
#include "view/line.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t columns = 6;
constexpr std::size_t packets_column = 5; // numbers stand to the right
using Row = std::array<std::string, columns>;

Row row_of(const StatusRow& row)
{
    const Instance& instance = row.instance;
    return {
        printable(instance.interface),
        instance.mode,
        instance.program_tag.empty() ? "-" : instance.program_tag,
        human_time(instance.since),
        instance.layout ? to_string(*instance.layout) : "-",
        row.stats ? grouped(row.stats->total_packets) : "unreadable",
    };
}

Style style_of_mode(const std::string& mode)
{
    if (mode == "native")
        return Style::normal;
    return mode == mode_detached || mode == mode_elsewhere ? Style::warning : Style::strong;
}

} // namespace

std::string status_text(std::span<const StatusRow> rows, const TextOptions& options)
{
    const Row headings{"INTERFACE", "MODE", "PROGRAM TAG", "SINCE", "LAYOUT", "PACKETS"};
    std::vector<Row> table;
    for (const StatusRow& row : rows)
        table.push_back(row_of(row));

    std::array<std::size_t, columns> widths{};
    for (std::size_t column = 0; column < columns; column++) {
        widths.at(column) = headings.at(column).size();
        for (const Row& row : table)
            widths.at(column) = std::max(widths.at(column), display_width(row.at(column)));
    }

    const auto line_of = [&](const Row& row, bool heading) {
        Line line;
        std::size_t start = 0;
        for (std::size_t column = 0; column < columns; column++) {
            const std::size_t end = start + widths.at(column);
            Style style = heading ? Style::faint : Style::normal;
            if (!heading && column == 0)
                style = Style::title;
            if (!heading && column == 1)
                style = style_of_mode(row.at(column));
            line.pad_to(start);
            if (column == packets_column)
                line.add_right(row.at(column), end, style);
            else
                line.add(row.at(column), style);
            start = end + 2;
        }
        return line;
    };

    std::vector<Line> lines{line_of(headings, true)};
    for (const Row& row : table)
        lines.push_back(line_of(row, false));
    return to_text(lines, options.color);
}

std::string status_json(std::span<const StatusRow> rows)
{
    Json interfaces = Json::array();
    for (const StatusRow& row : rows) {
        Json fields = instance_fields(row.instance);
        fields["stats"] = row.stats ? stats_fields(*row.stats) : Json(nullptr);
        interfaces.push_back(std::move(fields));
    }
    return json_text({{"schema", status_schema}, {"interfaces", std::move(interfaces)}});
}

} // namespace xdpstat
