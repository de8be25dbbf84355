// SPDX-License-Identifier: BSD-2-Clause
#include "view/status.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

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

Json dispatcher_fields(const DispatcherPlace& place)
{
    Json programs = Json::array();
    for (const DispatchedProgram& program : place.programs)
        programs.push_back(
            {{"program_id", program.id}, {"program_name", program.name}, {"program_tag", program.tag}});
    return Json{
        {"program_id", place.program_id}, {"position", place.position}, {"programs", std::move(programs)}};
}

} // namespace

std::string describe(const DispatcherPlace& place)
{
    if (place.position == 0)
        return place.programs.size() == 1
                   ? "alone in a dispatcher, which others may join"
                   : fmt::format("first of {} in a dispatcher: it counts every frame", place.programs.size());
    std::string before;
    for (std::size_t i = 0; i < place.position && i < place.programs.size(); i++) {
        const DispatchedProgram& program = place.programs.at(i);
        before +=
            fmt::format("{}'{}' (id {})", before.empty() ? "" : ", ", printable(program.name), program.id);
    }
    return fmt::format("behind {} in a dispatcher: what {} drop{} is not counted", before,
                       place.position == 1 ? "that" : "those", place.position == 1 ? "s" : "");
}

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
    for (const StatusRow& row : rows)
        if (const auto& place = row.instance.dispatcher)
            lines.emplace_back(printable(row.instance.interface) + ": " + describe(*place),
                               place->position > 0 ? Style::warning : Style::normal);
    return to_text(lines, options.color);
}

std::string status_json(std::span<const StatusRow> rows)
{
    Json interfaces = Json::array();
    for (const StatusRow& row : rows) {
        Json fields = instance_fields(row.instance);
        if (row.instance.dispatcher)
            fields["dispatcher"] = dispatcher_fields(*row.instance.dispatcher);
        fields["stats"] = row.stats ? stats_fields(*row.stats) : Json(nullptr);
        interfaces.push_back(std::move(fields));
    }
    return json_text({{"schema", status_schema}, {"interfaces", std::move(interfaces)}});
}

} // namespace xdpstat
