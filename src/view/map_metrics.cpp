// SPDX-License-Identifier: BSD-2-Clause
#include "view/map_metrics.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "view/value_text.hpp"

namespace xdpstat {

namespace {

using bpfxx::ValueKind;

struct Series {
    std::string labels;
    std::string number;
};

/// A family by its name, whichever maps it comes from: names of two maps and their fields may meet.
struct Family {
    MetricType type = MetricType::counter;
    std::string help;
    std::vector<Series> series;
};

using Families = std::map<std::string, Family>;

/// "cells[2].bytes" as the field "cells.bytes" and the index "2".
struct FieldPath {
    std::string field;
    std::string index;
};

/// @param whole what it is called where there is no path
FieldPath split_path(std::string_view path, std::string_view whole)
{
    FieldPath split;
    bool in_brackets = false;
    for (const char c : path) {
        if (c == '[') {
            in_brackets = true;
            if (!split.index.empty())
                split.index += '.';
        } else if (c == ']') {
            in_brackets = false;
        } else {
            (in_brackets ? split.index : split.field) += c;
        }
    }
    if (split.field.empty())
        split.field = whole;
    return split;
}

std::string hexadecimal(const std::string& bytes)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

FieldPath field_of_key(const Leaf& leaf)
{
    return split_path(leaf.path, "key");
}

FieldPath field_of_value(const Leaf& leaf)
{
    return split_path(leaf.path, "value");
}

bool is_counted(const bpfxx::Value& value)
{
    return value.kind == ValueKind::integer && !value.network_order;
}

void add_entry(Families& families, const MapScrape& map, const MapEntry& entry, const MapRules& rules)
{
    const std::string labels = map_labels(map.name, entry.key, rules);
    for (const Leaf& leaf : leaves_of(entry.value, nullptr, Place::value)) {
        if (!is_counted(*leaf.value))
            continue;
        const FieldPath path = field_of_value(leaf);
        if (!rules.tells(path.field))
            continue;
        std::string name = "xdpstat_map_" + map.name + '_' + metric_name(path.field);
        // What may be negative is no counter, unless it is said to grow only.
        const bool is_gauge =
            leaf.value->is_signed ? !rules.counters.contains(path.field) : rules.gauges.contains(path.field);
        constexpr std::string_view total = "_total";
        if (!is_gauge && name.ends_with(total))
            name.resize(name.size() - total.size());
        Family& family = families[name];
        if (family.series.empty()) {
            family.type = is_gauge ? MetricType::gauge : MetricType::counter;
            family.help = "Field " + path.field + " of the map " + map.name;
        }
        family.series.push_back({path.index.empty() ? labels : labels + ',' + label("index", path.index),
                                 bpfxx::decimal(leaf.value->number, leaf.value->is_signed)});
    }
}

void add_once(std::vector<std::string>& names, const std::string& name)
{
    if (std::ranges::find(names, name) == names.end())
        names.push_back(name);
}

} // namespace

std::size_t series_of(const bpfxx::Value& value, const MapRules& rules)
{
    std::size_t count = 0;
    for (const Leaf& leaf : leaves_of(value, nullptr, Place::value))
        count += is_counted(*leaf.value) && rules.tells(field_of_value(leaf).field) ? 1 : 0;
    return count;
}

std::vector<std::string> series_fields(const bpfxx::Value& value)
{
    std::vector<std::string> names;
    for (const Leaf& leaf : leaves_of(value, nullptr, Place::value))
        if (is_counted(*leaf.value))
            add_once(names, field_of_value(leaf).field);
    return names;
}

std::vector<std::string> label_fields(const bpfxx::Value& key)
{
    std::vector<std::string> names;
    for (const Leaf& leaf : leaves_of(key, nullptr, Place::key))
        add_once(names, field_of_key(leaf).field);
    return names;
}

std::string map_labels(const std::string& map, const bpfxx::Value& key, const MapRules& rules)
{
    std::string labels = label("map", map);
    std::set<std::string> taken{"map", "index"};
    for (const Leaf& leaf : leaves_of(key, nullptr, Place::key)) {
        if (rules.labels && !rules.labels->contains(field_of_key(leaf).field))
            continue;
        std::string name = metric_name(leaf.path.empty() ? "key" : leaf.path);
        while (!taken.insert(name).second)
            name = "key_" + name;
        // Of long bytes a person sees only the first.
        const bool is_bytes = leaf.value->kind == ValueKind::octets || leaf.value->kind == ValueKind::untyped;
        labels += ',' + label(name, is_bytes && !leaf.address ? hexadecimal(leaf.value->bytes)
                                                              : leaf_text(leaf, false));
    }
    return labels;
}

std::string metric_name(std::string_view text)
{
    std::string name;
    for (const char c : text) {
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        name += alphanumeric ? c : '_';
    }
    return name.empty() || (name.front() >= '0' && name.front() <= '9') ? "_" + name : name;
}

void write_maps(MetricsWriter& writer, std::span<const MapScrape> maps)
{
    static const MapRules no_rules;
    if (maps.empty())
        return;
    Families families;
    for (const MapScrape& map : maps)
        for (const MapEntry& entry : map.entries)
            add_entry(families, map, entry, map.rules ? *map.rules : no_rules);
    for (const auto& [name, family] : families) {
        writer.begin({name, family.type, "", family.help});
        for (const Series& series : family.series)
            writer.sample_digits(series.labels, series.number);
    }

    writer.begin({"xdpstat_map_up", MetricType::gauge, "", "Whether the map could be read"});
    for (const MapScrape& map : maps)
        writer.sample(label("map", map.name), std::uint64_t{map.problem.empty()});
    writer.begin({"xdpstat_map_entries", MetricType::gauge, "", "Entries that the map held"});
    for (const MapScrape& map : maps)
        if (map.problem.empty())
            writer.sample(label("map", map.name), map.total);
    writer.begin({"xdpstat_map_entries_left_out", MetricType::gauge, "",
                  "Entries of which nothing is told here, for there would be too many series"});
    for (const MapScrape& map : maps)
        if (map.problem.empty())
            writer.sample(label("map", map.name), map.left_out);
}

} // namespace xdpstat
