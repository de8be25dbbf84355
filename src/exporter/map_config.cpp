// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/map_config.hpp"

#include <algorithm>
#include <set>

#include <yaml-cpp/yaml.h>

#include "exporter/yaml_fields.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t most_series_of_all = 1000000;

bool is_name(const std::string& text)
{
    return !text.empty() && metric_name(text) == text;
}

bool is_path(const std::string& text)
{
    return text.find('/') != std::string::npos;
}

/// The last part of the path.
std::string name_of(const std::string& pin)
{
    return metric_name(pin.substr(pin.rfind('/') + 1));
}

/// Reads the fields of a file's map.
class MapReader {
public:
    MapReader(std::string file, std::string name, std::size_t most_series)
        : file_(std::move(file)), name_(std::move(name))
    {
        target_.most_series = most_series;
    }

    MapTarget read(const YAML::Node& node)
    {
        using Of = FieldMention::Of;
        if (!node.IsMap())
            throw BadField{line_of(node), name_ + " is no map of fields: give - pin: PATH"};
        MapRules& rules = target_.rules;
        read_fields(
            node, name_,
            {{"pin", [&](const YAML::Node& value) { read_pin(value); }},
             {"name", [&](const YAML::Node& value) { read_name(value); }},
             {"series", [&](const YAML::Node& value) { read_series(value); }},
             {"fields",
              [&](const YAML::Node& value) { rules.fields = read_names(value, "fields", Of::value); }},
             {"gauges",
              [&](const YAML::Node& value) { rules.gauges = read_names(value, "gauges", Of::value); }},
             {"counters",
              [&](const YAML::Node& value) { rules.counters = read_names(value, "counters", Of::value); }},
             {"labels",
              [&](const YAML::Node& value) { rules.labels = read_names(value, "labels", Of::key); }}});
        if (target_.pin.empty())
            throw BadField{line_of(node), name_ + " has no pin"};
        if (target_.name.empty())
            target_.name = name_of(target_.pin);
        check(node);
        return std::move(target_);
    }

private:
    [[nodiscard]] std::string path(const std::string& field) const { return name_ + '.' + field; }

    void read_pin(const YAML::Node& value)
    {
        target_.pin = value.as<std::string>();
        if (!is_path(target_.pin))
            throw BadField{line_of(value), path("pin") + " is no path"};
    }

    void read_name(const YAML::Node& value)
    {
        target_.name = value.as<std::string>();
        if (!is_name(target_.name))
            throw BadField{line_of(value), path("name") + " is " + target_.name +
                                               ": a name is made of letters, digits and underscores, and "
                                               "begins with no digit"};
    }

    void read_series(const YAML::Node& value)
    {
        const auto wanted = value.as<long long>();
        if (wanted < 1 || wanted > static_cast<long long>(most_series_of_all))
            throw BadField{line_of(value), path("series") + " is not from 1 to 1000000"};
        target_.most_series = static_cast<std::size_t>(wanted);
    }

    std::set<std::string> read_names(const YAML::Node& value, const std::string& field, FieldMention::Of of)
    {
        if (!value.IsSequence())
            throw BadField{line_of(value), path(field) + " is no list: give [FIELD, ...]"};
        std::set<std::string> names;
        for (const YAML::Node& entry : value) {
            const auto name = entry.as<std::string>();
            if (!names.insert(name).second)
                throw BadField{line_of(entry), path(field) + " has " + name + " twice"};
            target_.mentions.push_back(
                {.of = of,
                 .field = name,
                 .where = file_ + ":" + std::to_string(line_of(entry)) + ": " + path(field)});
        }
        return names;
    }

    void check(const YAML::Node& node) const
    {
        const MapRules& rules = target_.rules;
        for (const std::string& name : rules.gauges)
            if (rules.counters.contains(name))
                throw BadField{line_of(node), name_ + ": " + name + " is both a gauge and a counter"};
        for (const auto* names : {&rules.gauges, &rules.counters})
            for (const std::string& name : *names)
                if (!rules.tells(name))
                    throw BadField{line_of(node),
                                   name_ + ": " + name + " is none of its fields, and would not be told"};
    }

    std::string file_;
    std::string name_;
    MapTarget target_;
};

} // namespace

bpfxx::Result<MapTarget> parse_map_target(const std::string& text, std::size_t most_series)
{
    const auto wrong = [&](const std::string& cause) {
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "serve the map", text, cause,
                                                 "give PIN or NAME=PIN, where the pin is a path"));
    };
    const std::size_t equals = text.find('=');
    const std::size_t slash = text.find('/');
    MapTarget target;
    target.most_series = most_series;
    // A path may have an equals sign; a name comes before any slash.
    if (equals != std::string::npos && (slash == std::string::npos || equals < slash)) {
        target.name = text.substr(0, equals);
        target.pin = text.substr(equals + 1);
        if (!is_name(target.name))
            return wrong("a name is made of letters, digits and underscores, and begins with no digit");
    } else {
        target.name = name_of(text);
        target.pin = text;
    }
    if (!is_path(target.pin))
        return wrong("it is no path");
    return target;
}

bpfxx::Result<> add_gauge(std::vector<MapTarget>& targets, const std::string& text)
{
    const std::size_t dot = text.find('.');
    const std::string name = text.substr(0, dot);
    const auto target = std::ranges::find(targets, name, &MapTarget::name);
    if (dot == std::string::npos || target == targets.end())
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "take as a gauge", text,
                                                 "no map is called " + name,
                                                 "give MAP.FIELD, and --map for the map"));
    const std::string field = text.substr(dot + 1);
    target->rules.counters.erase(field);
    target->rules.gauges.insert(field);
    target->mentions.push_back(
        {.of = FieldMention::Of::value, .field = field, .where = "--map-gauge " + text});
    return {};
}

bpfxx::Result<std::vector<MapTarget>> read_map_config(const std::string& path, std::size_t most_series)
{
    std::vector<MapTarget> targets;
    const auto read_maps = [&](const YAML::Node& maps) {
        if (!maps.IsSequence())
            throw BadField{line_of(maps), "maps is no list: give - pin: PATH"};
        for (const YAML::Node& node : maps) {
            MapReader reader(path, "maps[" + std::to_string(targets.size()) + "]", most_series);
            MapTarget target = reader.read(node);
            if (std::ranges::find(targets, target.name, &MapTarget::name) != targets.end())
                throw BadField{line_of(node), "two maps have the name " + target.name +
                                                  ": give one of them another, name: NAME"};
            targets.push_back(std::move(target));
        }
    };
    const auto read = [&](const YAML::Node& root) {
        bool has_maps = false;
        read_fields(root, "", {{"maps", [&](const YAML::Node& maps) {
                                    has_maps = true;
                                    read_maps(maps);
                                }}});
        if (!has_maps)
            throw BadField{1, "there is no field maps"};
    };
    BPFXX_TRY(read_yaml(path, "use the configuration of maps", "docs/metrics.md describes it", read));
    return targets;
}

} // namespace xdpstat
