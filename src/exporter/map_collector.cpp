// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/map_collector.hpp"

#include <algorithm>
#include <optional>

namespace xdpstat {

bpfxx::Result<MapTarget> parse_map_target(const std::string& text)
{
    const auto wrong = [&](const std::string& cause) {
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "serve the map", text, cause,
                                                 "give PIN or NAME=PIN, where the pin is a path"));
    };
    const std::size_t equals = text.find('=');
    const std::size_t slash = text.find('/');
    MapTarget target;
    // A path may have an equals sign; a name comes before any slash.
    if (equals != std::string::npos && (slash == std::string::npos || equals < slash)) {
        target = {.name = text.substr(0, equals), .pin = text.substr(equals + 1)};
        if (target.name.empty() || metric_name(target.name) != target.name)
            return wrong("a name is made of letters, digits and underscores, and begins with no digit");
    } else {
        target = {.name = metric_name(text.substr(text.rfind('/') + 1)), .pin = text};
    }
    if (target.pin.find('/') == std::string::npos)
        return wrong("it is no path");
    return target;
}

bpfxx::Result<MapCollector::Source> MapCollector::open_source(const MapTarget& target, bpfxx::Proof proof)
{
    // Before it is opened: what takes its place meanwhile is noticed by the next reading.
    const auto identity = identity_of(target.pin);
    auto map = bpfxx::Map::open_pinned(target.pin);
    if (!map)
        return std::unexpected(std::move(map).error());
    if (bpfxx::is_taken_from(map->info().type))
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::unsupported, "serve the map", target.pin,
                                                 "what is read of a queue or a stack is taken from it"));
    auto types = bpfxx::TypeDecoder::of(*map, proof);
    if (!types)
        return std::unexpected(std::move(types).error());
    Source source{.target = target,
                  .identity = identity.value_or(PinIdentity{}),
                  .map = std::make_unique<bpfxx::Map>(std::move(*map)),
                  .types = std::move(*types),
                  .reader = nullptr};
    source.reader = std::make_unique<bpfxx::EntryReader>(*source.map);
    return source;
}

bpfxx::Result<MapCollector> MapCollector::open(const std::vector<MapTarget>& targets, std::size_t most_series,
                                               bpfxx::Proof proof)
{
    MapCollector collector;
    collector.most_series_ = most_series;
    collector.proof_ = proof;
    for (const MapTarget& target : targets) {
        const auto same = std::ranges::find(collector.sources_, target.name,
                                            [](const Source& source) { return source.target.name; });
        if (same != collector.sources_.end())
            return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "serve the map", target.pin,
                                                     same->target.pin + " has the same name, " + target.name,
                                                     "give it another: --map NAME=" + target.pin));
        auto source = open_source(target, proof);
        if (!source)
            return std::unexpected(std::move(source).error());
        const auto first = collector.read(*source);
        if (!first)
            return std::unexpected(first.error());
        collector.sources_.push_back(std::move(*source));
    }
    return collector;
}

bpfxx::Result<bpfxx::Value> MapCollector::decode_value(const Source& source, bpfxx::Bytes bytes)
{
    const bpfxx::MapInfo& info = source.map->info();
    if (!info.is_per_cpu())
        return source.types.value(bytes.first(info.value_size));
    const std::size_t stride = bpfxx::value_stride(info.value_size);
    std::vector<bpfxx::Value> values;
    for (std::size_t at = 0; at < bytes.size(); at += stride) {
        auto value = source.types.value(bytes.subspan(at, info.value_size));
        if (!value)
            return value;
        values.push_back(std::move(*value));
    }
    return bpfxx::sum_over_cpus(values);
}

bpfxx::Result<MapScrape> MapCollector::read(Source& source) const
{
    MapScrape scrape;
    scrape.name = source.target.name;
    std::size_t series = 0;
    std::optional<bpfxx::Error> failure;
    const auto result = source.reader->for_each([&](bpfxx::Bytes key, bpfxx::Bytes bytes) {
        scrape.total++;
        // All entries of a map have the same fields: what fits is known by the first.
        const std::size_t of_one = scrape.entries.empty() ? 0 : series / scrape.entries.size();
        if (series + of_one > most_series_)
            return true;
        auto key_value = source.types.key(key);
        auto value = decode_value(source, bytes);
        if (!key_value || !value) {
            failure = !key_value ? key_value.error() : value.error();
            return false;
        }
        const std::size_t more = series_of(*value);
        if (series + more > most_series_)
            return true;
        series += more;
        scrape.entries.push_back({.key = std::move(*key_value),
                                  .cpu = std::nullopt,
                                  .value = std::move(*value),
                                  .rates = std::nullopt});
        return true;
    });
    if (!result)
        return std::unexpected(result.error());
    if (failure)
        return std::unexpected(*failure);
    return scrape;
}

std::vector<MapScrape> MapCollector::read()
{
    std::vector<MapScrape> scrapes;
    for (Source& source : sources_) {
        const auto identity = identity_of(source.target.pin);
        const auto failed = [&](const std::string& problem) {
            scrapes.push_back({.name = source.target.name, .entries = {}, .total = 0, .problem = problem});
        };
        if (!identity) {
            failed("its pin is gone");
            continue;
        }
        if (*identity != source.identity) {
            auto other = open_source(source.target, proof_);
            if (!other) {
                failed(other.error().message());
                continue;
            }
            source = std::move(*other);
        }
        if (auto scrape = read(source))
            scrapes.push_back(std::move(*scrape));
        else
            failed(scrape.error().message());
    }
    return scrapes;
}

} // namespace xdpstat
