// SPDX-License-Identifier: BSD-2-Clause
#include "view/map_table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "view/human.hpp"
#include "view/value_text.hpp"

namespace xdpstat {

namespace {

/// More columns than that no one can follow.
constexpr std::size_t most_columns = 24;
/// In a value of more fields those that are zero are left out.
constexpr std::size_t few_fields = 64;

struct Cell {
    std::string text;
    bool is_number = false; ///< stands to the right
    bool is_key = false;
};
using Row = std::vector<Cell>;

bool is_number(const Leaf& leaf)
{
    using enum bpfxx::ValueKind;
    return !leaf.address && (leaf.value->kind == integer || leaf.value->kind == floating);
}

struct EntryLeaves {
    std::vector<Leaf> key;
    std::vector<Leaf> value;
};

EntryLeaves leaves_of(const MapEntry& entry)
{
    EntryLeaves leaves;
    if (entry.key.kind != bpfxx::ValueKind::none)
        leaves.key = leaves_of(entry.key, nullptr, Place::key);
    leaves.value = leaves_of(entry.value, entry.rates ? &*entry.rates : nullptr, Place::value);
    return leaves;
}

bool shows_rate(const Leaf& leaf, bool with_rates)
{
    return with_rates && leaf.value->is_quantity();
}

Row titles_of(const EntryLeaves& leaves, bool with_cpu, bool with_rates)
{
    const auto is_in_both = [&](const Leaf& leaf) {
        return std::ranges::find(leaves.value, leaf.path, &Leaf::path) != leaves.value.end() &&
               std::ranges::find(leaves.key, leaf.path, &Leaf::path) != leaves.key.end();
    };
    Row row;
    for (const Leaf& leaf : leaves.key)
        row.push_back({leaf.path.empty()  ? "key"
                       : is_in_both(leaf) ? "key." + leaf.path
                                          : leaf.path,
                       is_number(leaf), true});
    if (with_cpu)
        row.push_back({"cpu", true, true});
    for (const Leaf& leaf : leaves.value) {
        std::string title = leaf.path.empty() ? "value" : is_in_both(leaf) ? "value." + leaf.path : leaf.path;
        row.push_back({title + (shows_rate(leaf, with_rates) ? "/s" : ""), is_number(leaf), false});
    }
    for (Cell& cell : row)
        cell.text = printable(cell.text);
    return row;
}

std::string value_text(const Leaf& leaf, bool with_rates)
{
    return shows_rate(leaf, with_rates) ? leaf_rate_text(leaf) : leaf_text(leaf, true);
}

Row row_of(const MapEntry& entry, const EntryLeaves& leaves, bool with_rates)
{
    Row row;
    for (const Leaf& leaf : leaves.key)
        row.push_back({leaf_text(leaf, false), is_number(leaf), true});
    if (entry.cpu)
        row.push_back({std::to_string(*entry.cpu), true, true});
    for (const Leaf& leaf : leaves.value)
        row.push_back({value_text(leaf, with_rates), is_number(leaf), false});
    return row;
}

std::vector<std::size_t> widths_of(const std::vector<Row>& table)
{
    std::vector<std::size_t> widths;
    for (const Row& row : table) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], display_width(row[i].text));
    }
    return widths;
}

/// @param table its first row holds the titles
std::vector<Line> table_lines(const std::vector<Row>& table, const std::vector<std::size_t>& widths)
{
    std::vector<Line> lines;
    for (const Row& row : table) {
        Line line;
        std::size_t start = 0;
        for (std::size_t i = 0; i < row.size(); i++) {
            const std::size_t end = start + widths[i];
            const Style style = lines.empty() ? Style::faint : row[i].is_key ? Style::title : Style::normal;
            line.pad_to(start);
            if (row[i].is_number)
                line.add_right(row[i].text, end, style);
            else
                line.add(row[i].text, style);
            start = end + 2;
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

/// Such as a section of global data.
bool is_only_entry(const MapFacts& map)
{
    return map.is_indexed && map.max_entries == 1;
}

/// The fields of one entry below each other. Returns how many were left out.
std::size_t add_record(std::vector<Line>& lines, const MapEntry& entry, const EntryLeaves& leaves,
                       const MapReading& reading, bool all)
{
    const bool with_rates = reading.seconds.has_value();
    const bool only_entry = is_only_entry(reading.map);
    Line heading;
    const auto add_word = [&](std::string_view name, const std::string& text) {
        heading.add(heading.width() == 0 ? "" : "  ");
        heading.add(printable(std::string(name)) + " ", Style::faint).add(text, Style::title);
    };
    for (const Leaf& leaf : leaves.key)
        if (!only_entry)
            add_word(leaf.path.empty() ? "key" : leaf.path, leaf_text(leaf, false));
    if (entry.cpu)
        add_word("cpu", std::to_string(*entry.cpu));
    if (heading.width() > 0)
        lines.push_back(std::move(heading));

    const bool shows_zeros = all || leaves.value.size() <= few_fields;
    std::vector<const Leaf*> shown;
    std::size_t name_width = 0;
    std::size_t number_width = 0;
    for (const Leaf& leaf : leaves.value) {
        if (!shows_zeros && is_zero(*leaf.value))
            continue;
        shown.push_back(&leaf);
        name_width = std::max(name_width, display_width(printable(leaf.path)));
        if (is_number(leaf))
            number_width = std::max(number_width, display_width(value_text(leaf, with_rates)));
    }
    for (const Leaf* leaf : shown) {
        Line line("  ");
        line.add(printable(leaf->path.empty() ? "value" : leaf->path), Style::faint);
        line.pad_to(2 + std::max(name_width, std::size_t{5}) + 2);
        const std::string text = value_text(*leaf, with_rates);
        if (is_number(*leaf))
            line.add_right(text, line.width() + number_width).add(shows_rate(*leaf, with_rates) ? " /s" : "");
        else
            line.add(text);
        lines.push_back(std::move(line));
    }
    return leaves.value.size() - shown.size();
}

std::string count_of(std::size_t count, const char* one, const char* many)
{
    return grouped(count) + " " + (count == 1 ? one : many);
}

Line title_of(const MapReading& reading)
{
    const MapFacts& map = reading.map;
    Line line(map.name.empty() ? "(no name)" : printable(map.name), Style::title);
    line.add(fmt::format("  {}, id {}", map.type, map.id));
    if (!reading.complete)
        line.add(": the next of its entries, room for " + grouped(map.max_entries));
    else if (map.is_indexed)
        line.add(", " + count_of(map.max_entries, "entry", "entries"));
    else
        line.add(", " + grouped(reading.total) + " of " + count_of(map.max_entries, "entry", "entries"));
    if (reading.seconds)
        line.add(fmt::format(", rates over {:.3g} s", *reading.seconds), Style::faint);
    if (map.value_type.empty())
        line.add("; no BTF tells its types: bytes in hex", Style::warning);
    return line;
}

void add_footer(std::vector<Line>& lines, const std::string& text)
{
    lines.emplace_back(text, Style::faint);
}

} // namespace

std::vector<Line> map_lines(const MapReading& reading, const MapTextOptions& options)
{
    std::vector<Line> lines{title_of(reading)};
    const bool with_rates = reading.seconds.has_value();

    std::vector<const MapEntry*> shown;
    for (const MapEntry& entry : reading.entries)
        if (options.all || !reading.map.is_indexed || is_only_entry(reading.map) || !is_zero(entry.value))
            shown.push_back(&entry);
    const std::size_t zero_entries = reading.entries.size() - shown.size();

    std::vector<Row> table;
    bool as_table = false;
    if (!shown.empty()) {
        const EntryLeaves first = leaves_of(*shown.front());
        table.push_back(titles_of(first, shown.front()->cpu.has_value(), with_rates));
        as_table = table.front().size() <= most_columns &&
                   !(is_only_entry(reading.map) && shown.front()->value.has_parts());
    }
    std::vector<std::size_t> widths;
    if (as_table) {
        for (const MapEntry* entry : shown)
            table.push_back(row_of(*entry, leaves_of(*entry), with_rates));
        widths = widths_of(table);
        std::size_t width = 2 * (widths.size() - 1);
        for (const std::size_t column : widths)
            width += column;
        as_table = options.width == 0 || width <= options.width;
    }
    std::size_t zero_fields = 0;
    if (as_table) {
        for (Line& line : table_lines(table, widths))
            lines.push_back(std::move(line));
    } else {
        for (const MapEntry* entry : shown)
            zero_fields += add_record(lines, *entry, leaves_of(*entry), reading, options.all);
    }
    const bool by_cpu = !reading.entries.empty() && reading.entries.front().cpu.has_value();
    if (zero_entries > 0)
        add_footer(lines, count_of(zero_entries, by_cpu ? "row is" : "entry is",
                                   by_cpu ? "rows are" : "entries are") +
                              " zero: --all shows all");
    if (zero_fields > 0)
        add_footer(lines, count_of(zero_fields, "field is", "fields are") + " zero: --all shows all");
    return lines;
}

std::vector<std::string> field_names(const MapEntry& entry)
{
    const EntryLeaves leaves = leaves_of(entry);
    std::vector<std::string> names;
    names.reserve(leaves.value.size() + leaves.key.size());
    for (const Leaf& leaf : leaves.value)
        names.push_back(leaf.path.empty() ? "value" : leaf.path);
    for (const Leaf& leaf : leaves.key)
        names.push_back(leaf.path.empty() ? "key" : "key." + leaf.path);
    return names;
}

std::vector<Line> map_list_lines(std::span<const MapFacts> maps)
{
    const auto text_of = [](const std::string& type) { return type.empty() ? "-" : printable(type); };
    std::vector<Row> table;
    table.push_back({{"ID", true, false},
                     {"NAME", false, false},
                     {"TYPE", false, false},
                     {"ENTRIES", true, false},
                     {"KEY", true, false},
                     {"VALUE", true, false},
                     {"KEY TYPE", false, false},
                     {"VALUE TYPE", false, false}});
    for (const MapFacts& map : maps)
        table.push_back({{std::to_string(map.id), true, true},
                         {printable(map.name), false, true},
                         {map.type, false, false},
                         {grouped(map.max_entries), true, false},
                         {fmt::format("{} B", map.key_size), true, false},
                         {fmt::format("{} B", map.value_size), true, false},
                         {text_of(map.key_type), false, false},
                         {text_of(map.value_type), false, false}});
    return table_lines(table, widths_of(table));
}

} // namespace xdpstat
