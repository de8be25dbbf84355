// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/map_collector.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace xdpstat {

namespace {

/// The entries of a map that are told. Those with the same labels, where the rules choose among the fields of the key, are
/// added up.
class Entries {
public:
    Entries(const std::string& map, const MapRules& rules, std::size_t most_series)
        : map_(map), rules_(rules), most_series_(most_series)
    {
    }

    /// Whether there is room for another one. All entries of a map have the same fields: what fits is known by the first.
    [[nodiscard]] bool is_full() const
    {
        const std::size_t of_one = entries_.empty() ? 0 : series_ / entries_.size();
        return series_ + of_one > most_series_;
    }
    /// Whether entries may have the same labels.
    [[nodiscard]] bool adds_up() const { return rules_.labels.has_value(); }

    /// False: there is no room for its series.
    bool add(bpfxx::Value key, bpfxx::Value value)
    {
        if (adds_up()) {
            const auto [found, is_new] =
                by_labels_.try_emplace(map_labels(map_, key, rules_), entries_.size());
            if (!is_new) {
                bpfxx::Value& sum = entries_[found->second].value;
                sum = bpfxx::sum_over_cpus(std::array{std::move(sum), std::move(value)});
                return true;
            }
            if (!has_room(value)) {
                by_labels_.erase(found);
                return false;
            }
        } else if (!has_room(value)) {
            return false;
        }
        series_ += series_of(value, rules_);
        entries_.push_back(
            {.key = std::move(key), .cpu = std::nullopt, .value = std::move(value), .rates = std::nullopt});
        return true;
    }

    [[nodiscard]] std::vector<MapEntry> take() { return std::move(entries_); }

private:
    [[nodiscard]] bool has_room(const bpfxx::Value& value) const
    {
        return series_ + series_of(value, rules_) <= most_series_;
    }

    const std::string& map_;
    const MapRules& rules_;
    std::size_t most_series_;
    std::size_t series_ = 0;
    std::vector<MapEntry> entries_;
    std::unordered_map<std::string, std::size_t> by_labels_; ///< where it is among the entries
};

std::string listed(const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names)
        (text += text.empty() ? "" : ", ") += name;
    return text.empty() ? "none" : text;
}

} // namespace

MapCollector::Source MapCollector::source_of(const MapTarget& target)
{
    return {.name = target.name,
            .pin = target.pin,
            .most_series = target.most_series,
            .rules = std::make_shared<const MapRules>(target.rules),
            .mentions = target.mentions,
            .identity = {},
            .map = nullptr,
            .types = nullptr,
            .reader = nullptr};
}

bpfxx::Result<> MapCollector::check_names(const std::vector<MapTarget>& targets)
{
    for (auto target = targets.begin(); target != targets.end(); ++target) {
        const auto same = std::ranges::find(targets.begin(), target, target->name, &MapTarget::name);
        if (same != target)
            return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "serve the map", target->pin,
                                                     same->pin + " has the same name, " + target->name,
                                                     "give it another: --map NAME=" + target->pin));
    }
    return {};
}

bpfxx::Result<> MapCollector::check_fields(const Source& source, const bpfxx::MapInfo& info,
                                           const bpfxx::TypeDecoder& types)
{
    // What fields there are does not depend on what is in them.
    const std::vector<std::byte> zeros(std::max(info.key_size, info.value_size));
    const auto key = types.key(bpfxx::Bytes(zeros).first(info.key_size));
    const auto value = types.value(bpfxx::Bytes(zeros).first(info.value_size));
    if (!key || !value)
        return std::unexpected(!key ? key.error() : value.error());
    const auto labels = label_fields(*key);
    const auto fields = series_fields(*value);
    if (fields.empty() && info.value_size > 0)
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::incompatible, "serve the map", source.pin,
                              "no integer of its values is known by name: nothing would be told",
                              "load it with BTF, whose types say what is in it"));
    for (const FieldMention& mention : source.mentions) {
        const bool of_key = mention.of == FieldMention::Of::key;
        const auto& names = of_key ? labels : fields;
        if (std::ranges::find(names, mention.field) != names.end())
            continue;
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::invalid, "serve the map", source.pin,
                              mention.where + ": " + mention.field +
                                  (of_key ? " is no field of its keys" : " is no integer of its values"),
                              std::string(of_key ? "its keys have: " : "its values have: ") + listed(names)));
    }
    return {};
}

bpfxx::Result<> MapCollector::open_map(Source& source, bpfxx::Proof proof)
{
    // Before it is opened: what takes its place meanwhile is noticed by the next reading.
    const auto identity = identity_of(source.pin);
    auto map = bpfxx::Map::open_pinned(source.pin);
    if (!map)
        return std::unexpected(std::move(map).error());
    if (bpfxx::is_taken_from(map->info().type))
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::unsupported, "serve the map", source.pin,
                                                 "what is read of a queue or a stack is taken from it"));
    auto types = bpfxx::TypeDecoder::of(*map, proof);
    if (!types)
        return std::unexpected(std::move(types).error());
    BPFXX_TRY(check_fields(source, map->info(), *types));
    source.reader.reset();
    source.identity = identity.value_or(PinIdentity{});
    source.map = std::make_unique<bpfxx::Map>(std::move(*map));
    source.types = std::make_unique<bpfxx::TypeDecoder>(std::move(*types));
    source.reader = std::make_unique<bpfxx::EntryReader>(*source.map);
    // Some kinds of map, and some values, are seen to be of no use by reading them alone.
    auto once = read(source);
    return once ? bpfxx::Result<>() : std::unexpected(std::move(once).error());
}

MapCollector::Source* MapCollector::open_at(const std::string& pin)
{
    const auto found = std::ranges::find(sources_, pin, &Source::pin);
    if (found == sources_.end() || !found->reader || identity_of(pin) != found->identity)
        return nullptr;
    return &*found;
}

bpfxx::Result<std::vector<bpfxx::Error>> MapCollector::change(const std::vector<MapTarget>& targets)
{
    BPFXX_TRY(check_names(targets));
    std::vector<Source> sources;
    std::vector<bpfxx::Error> problems;
    for (const MapTarget& target : targets) {
        Source& source = sources.emplace_back(source_of(target));
        auto opened = open_map(source, proof_);
        // Without the right to open it anew, a map that is open already goes on.
        const Source* const before = opened ? nullptr : open_at(target.pin);
        if (before != nullptr)
            opened = check_fields(source, before->map->info(), *before->types);
        if (!opened && opened.error().kind() == bpfxx::ErrorKind::invalid)
            return std::unexpected(opened.error());
        if (!opened)
            problems.push_back(opened.error());
    }
    for (Source& source : sources) {
        Source* const before = source.reader ? nullptr : open_at(source.pin);
        if (before == nullptr)
            continue;
        source.identity = before->identity;
        source.map = std::move(before->map);
        source.types = std::move(before->types);
        source.reader = std::move(before->reader);
    }
    sources_ = std::move(sources);
    return problems;
}

bpfxx::Result<bpfxx::Value> MapCollector::decode_value(const Source& source, bpfxx::Bytes bytes)
{
    const bpfxx::MapInfo& info = source.map->info();
    if (!info.is_per_cpu())
        return source.types->value(bytes.first(info.value_size));
    const std::size_t stride = bpfxx::value_stride(info.value_size);
    std::vector<bpfxx::Value> values;
    for (std::size_t at = 0; at < bytes.size(); at += stride) {
        auto value = source.types->value(bytes.subspan(at, info.value_size));
        if (!value)
            return value;
        values.push_back(std::move(*value));
    }
    return bpfxx::sum_over_cpus(values);
}

bpfxx::Result<MapScrape> MapCollector::read(Source& source)
{
    MapScrape scrape{
        .name = source.name, .rules = source.rules, .entries = {}, .total = 0, .left_out = 0, .problem = {}};
    Entries entries(source.name, *source.rules, source.most_series);
    std::optional<bpfxx::Error> failure;
    const auto result = source.reader->for_each([&](bpfxx::Bytes key, bpfxx::Bytes bytes) {
        scrape.total++;
        if (entries.is_full() && !entries.adds_up()) {
            scrape.left_out++;
            return true;
        }
        auto key_value = source.types->key(key);
        auto value = decode_value(source, bytes);
        if (!key_value || !value) {
            failure = !key_value ? key_value.error() : value.error();
            return false;
        }
        scrape.left_out += entries.add(std::move(*key_value), std::move(*value)) ? 0 : 1;
        return true;
    });
    if (!result)
        return std::unexpected(result.error());
    if (failure)
        return std::unexpected(*failure);
    scrape.entries = entries.take();
    return scrape;
}

std::string MapCollector::reopen(Source& source) const
{
    const auto identity = identity_of(source.pin);
    if (!identity)
        return "its pin " + source.pin + " is not there";
    if (source.reader && *identity == source.identity)
        return {};
    const auto opened = open_map(source, proof_);
    return opened ? std::string() : std::string(opened.error().message());
}

std::string MapCollector::not_ready()
{
    std::string problem;
    for (Source& source : sources_) {
        const std::string why = reopen(source);
        if (why.empty())
            return {};
        if (problem.empty())
            problem = source.name + ": " + why;
    }
    return problem;
}

std::vector<MapScrape> MapCollector::read()
{
    std::vector<MapScrape> scrapes;
    for (Source& source : sources_) {
        const auto failed = [&](const std::string& problem) {
            scrapes.push_back({.name = source.name,
                               .rules = source.rules,
                               .entries = {},
                               .total = 0,
                               .left_out = 0,
                               .problem = problem});
        };
        if (const std::string problem = reopen(source); !problem.empty())
            failed(problem);
        else if (auto scrape = read(source))
            scrapes.push_back(std::move(*scrape));
        else
            failed(scrape.error().message());
    }
    return scrapes;
}

} // namespace xdpstat
