// SPDX-License-Identifier: BSD-2-Clause
#include "cli/map_source.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "counter/interface.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

using bpfxx::ErrorKind;
using bpfxx::Value;

constexpr std::string_view by_id = "id:";
constexpr std::string_view by_name = "name:";

/// The part that a field names: the value's before the key's, or of the one of both that it begins with.
const Value* find_field(const Value& key, const Value& value, std::string_view field)
{
    if (const Value* part = bpfxx::find_part(value, field); part != nullptr)
        return part;
    if (const Value* part = bpfxx::find_part(key, field); part != nullptr)
        return part;
    for (const auto& [word, whole] :
         {std::pair<std::string_view, const Value*>{"value", &value}, {"key", &key}}) {
        if (!field.starts_with(word))
            continue;
        std::string_view rest = field.substr(word.size());
        if (rest.starts_with('.'))
            rest.remove_prefix(1);
        else if (!rest.empty() && !rest.starts_with('['))
            continue;
        if (const Value* part = bpfxx::find_part(*whole, rest); part != nullptr)
            return part;
    }
    return nullptr;
}

bpfxx::Error no_such_field(const std::string& field, const MapEntry& entry)
{
    constexpr std::size_t most_names = 12;
    const auto names = field_names(entry);
    auto hints = near_names(field, names);
    std::string hint = hints.empty() ? "there are: " : "did you mean ";
    if (hints.empty())
        hints.assign(names.begin(),
                     names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), most_names)));
    for (std::size_t i = 0; i < hints.size(); i++)
        hint += (i == 0 ? "" : ", ") + hints[i];
    return bpfxx::make_error(
        ErrorKind::invalid, "sort by", printable(field), "no such field",
        printable(hint + (names.size() > most_names && hints.size() == most_names ? ", ..." : "")));
}

bpfxx::Result<bpfxx::Map> open_id(const std::string& text)
{
    std::uint32_t id = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + by_id.size(), end, id);
    if (error == std::errc::result_out_of_range)
        return std::unexpected(bpfxx::make_error(ErrorKind::invalid, "open map", printable(text),
                                                 "a map's id is from 1 to 4294967295",
                                                 "xdpstat map list shows all"));
    if (error != std::errc() || stop != end || text.size() == by_id.size())
        return std::unexpected(bpfxx::make_error(ErrorKind::invalid, "open map", printable(text),
                                                 "behind id: stands a number", "xdpstat map list shows all"));
    return bpfxx::Map::open_id(id);
}

bpfxx::Result<bpfxx::Map> open_target(const std::string& target)
{
    auto map = target.starts_with(by_id)     ? open_id(target)
               : target.starts_with(by_name) ? bpfxx::Map::open_name(target.substr(by_name.size()))
                                             : bpfxx::Map::open_pinned(target);
    if (map)
        return map;
    bpfxx::Error error = std::move(map).error();
    const bool by_number_or_name = target.starts_with(by_id) || target.starts_with(by_name);
    if (error.kind() == ErrorKind::not_found && by_number_or_name)
        error.set_hint("xdpstat map list shows all");
    else if (error.kind() == ErrorKind::not_found && target.find('/') == std::string::npos)
        error.set_hint("a map that is not pinned is id:N or name:NAME");
    return std::unexpected(std::move(error));
}

} // namespace

MapFacts facts_of(const bpfxx::Map& map, const bpfxx::TypeDecoder& types)
{
    const bpfxx::MapInfo& info = map.info();
    return {.id = info.id,
            .name = info.name,
            .type = bpfxx::map_type_name(info.type),
            .key_size = info.key_size,
            .value_size = info.value_size,
            .max_entries = info.max_entries,
            .flags = info.flags,
            .is_indexed = info.is_array() || info.is_per_cpu_array(),
            .has_btf = info.btf_id != 0,
            .key_type = types.key_type(),
            .value_type = types.value_type()};
}

MapSource::MapSource(bpfxx::Map map, bpfxx::TypeDecoder types)
    : map_(std::make_unique<bpfxx::Map>(std::move(map))), types_(std::move(types)),
      reader_(std::make_unique<bpfxx::EntryReader>(*map_)),
      zeros_(std::max<std::size_t>(map_->lookup_size(), map_->info().key_size))
{
}

bpfxx::Result<MapSource> MapSource::open(const std::string& target, bpfxx::Proof proof)
{
    auto map = open_target(target);
    if (!map)
        return std::unexpected(std::move(map).error());
    auto types = bpfxx::TypeDecoder::of(*map, proof);
    if (!types) {
        bpfxx::Error error = std::move(types).error();
        if (error.kind() == ErrorKind::permission)
            error.set_hint("reading BTF needs CAP_SYS_ADMIN; --by-size shows bytes without it");
        return std::unexpected(std::move(error));
    }
    return MapSource(std::move(*map), std::move(*types));
}

bpfxx::Result<> MapSource::check(const MapQuery& query) const
{
    const bpfxx::MapInfo& info = map_->info();
    if (query.per_cpu && !info.is_per_cpu())
        return std::unexpected(bpfxx::make_error(ErrorKind::invalid, "tell CPUs apart in",
                                                 bpfxx::map_type_name(info.type) + " " + map_->label(),
                                                 "its entries have one value for all CPUs"));
    if (query.by.empty() || bpfxx::is_taken_from(info.type))
        return {};
    // Zeros have the same fields as whatever may lie there.
    auto key = types_.key(Bytes(zeros_).first(info.key_size));
    auto value = types_.value(Bytes(zeros_).first(info.value_size));
    if (!key || !value)
        return std::unexpected(!key ? key.error() : value.error());
    if (find_field(*key, *value, query.by) == nullptr)
        return std::unexpected(no_such_field(query.by, {.key = std::move(*key),
                                                        .cpu = std::nullopt,
                                                        .value = std::move(*value),
                                                        .rates = std::nullopt}));
    return {};
}

bpfxx::Result<MapSource::Contents> MapSource::take() const
{
    Contents contents;
    contents.at = std::chrono::steady_clock::now();
    if (bpfxx::is_taken_from(map_->info().type)) {
        contents.values.resize(map_->lookup_size());
        const auto found = map_->lookup({}, contents.values);
        if (!found)
            return std::unexpected(found.error());
        contents.count = *found ? 1 : 0;
        return contents;
    }
    const auto result = reader_->for_each([&](Bytes key, Bytes value) {
        contents.keys.insert(contents.keys.end(), key.begin(), key.end());
        contents.values.insert(contents.values.end(), value.begin(), value.end());
        contents.count++;
        return true;
    });
    if (!result)
        return std::unexpected(result.error());
    return contents;
}

bpfxx::Bytes MapSource::key_of(const Contents& contents, std::size_t index) const
{
    const std::size_t size = contents.keys.empty() ? 0 : map_->info().key_size;
    return Bytes(contents.keys).subspan(index * size, size);
}

bpfxx::Bytes MapSource::value_of(const Contents& contents, std::size_t index) const
{
    return Bytes(contents.values).subspan(index * map_->lookup_size(), map_->lookup_size());
}

bpfxx::Result<Value> MapSource::decode_value(Bytes bytes, std::optional<std::uint32_t> cpu) const
{
    const bpfxx::MapInfo& info = map_->info();
    if (!info.is_per_cpu())
        return types_.value(bytes.first(info.value_size));
    const std::size_t stride = bpfxx::value_stride(info.value_size);
    if (cpu)
        return types_.value(bytes.subspan(*cpu * stride, info.value_size));
    std::vector<Value> values;
    for (std::size_t at = 0; at < bytes.size(); at += stride) {
        auto value = types_.value(bytes.subspan(at, info.value_size));
        if (!value)
            return value;
        values.push_back(std::move(*value));
    }
    return bpfxx::sum_over_cpus(values);
}

bpfxx::Bytes MapSource::value_before(Bytes key) const
{
    const auto less = [](Bytes a, Bytes b) { return std::ranges::lexicographical_compare(a, b); };
    const auto key_at = [&](std::size_t index) { return key_of(before_, index); };
    const auto found = std::ranges::lower_bound(order_before_, key, less, key_at);
    if (found == order_before_.end() || !std::ranges::equal(key_at(*found), key))
        return Bytes(zeros_).first(map_->lookup_size());
    return value_of(before_, *found);
}

void MapSource::remember(Contents contents)
{
    before_ = std::move(contents);
    has_before_ = true;
    order_before_.clear();
    order_before_.reserve(before_.count);
    for (std::size_t i = 0; i < before_.count; i++)
        order_before_.push_back(i);
    std::ranges::sort(order_before_, [&](std::size_t a, std::size_t b) {
        return std::ranges::lexicographical_compare(key_of(before_, a), key_of(before_, b));
    });
}

bpfxx::Result<MapEntry> MapSource::decode(const Contents& now, const Item& item, bool rate) const
{
    MapEntry entry;
    entry.cpu = item.cpu;
    const Bytes key = key_of(now, item.index);
    if (!key.empty()) {
        auto decoded = types_.key(key);
        if (!decoded)
            return std::unexpected(std::move(decoded).error());
        entry.key = std::move(*decoded);
    }
    auto value = decode_value(value_of(now, item.index), item.cpu);
    if (!value)
        return std::unexpected(std::move(value).error());
    entry.value = std::move(*value);
    if (!rate)
        return entry;
    const auto before = decode_value(value_before(key), item.cpu);
    if (!before)
        return std::unexpected(before.error());
    const double seconds = std::chrono::duration<double>(now.at - before_.at).count();
    entry.rates = bpfxx::per_second(*before, entry.value, seconds);
    return entry;
}

bpfxx::Result<MapReading> MapSource::read(const MapQuery& query)
{
    MapReading reading;
    reading.map = facts_of(*map_, types_);
    reading.complete = !bpfxx::is_taken_from(map_->info().type);
    auto now = take();
    if (!now)
        return std::unexpected(std::move(now).error());
    reading.taken = std::chrono::system_clock::now();
    reading.total = now->count;
    const bool rate = query.rate && has_before_;
    if (rate)
        reading.seconds = std::chrono::duration<double>(now->at - before_.at).count();

    std::vector<Item> items;
    const std::size_t cpus =
        query.per_cpu ? map_->lookup_size() / bpfxx::value_stride(map_->info().value_size) : 1;
    for (std::size_t i = 0; i < now->count; i++)
        for (std::size_t cpu = 0; cpu < cpus; cpu++)
            items.push_back(
                {.index = i,
                 .cpu = query.per_cpu ? std::optional(static_cast<std::uint32_t>(cpu)) : std::nullopt,
                 .rank = {}});
    if (!query.by.empty() && reading.complete) {
        const Value no_key; // keys have no rates
        for (Item& item : items) {
            const auto entry = decode(*now, item, rate);
            if (!entry)
                return std::unexpected(entry.error());
            const Value* field = find_field(entry->key, entry->value, query.by);
            const std::optional<Value>& rates = entry->rates;
            const Value* grown = rates ? find_field(no_key, *rates, query.by) : nullptr;
            const bool by_rate = field != nullptr && field->is_quantity() && grown != nullptr &&
                                 grown->kind == bpfxx::ValueKind::floating;
            if (field != nullptr)
                item.rank = by_rate ? *grown : *field;
        }
        std::ranges::stable_sort(items, [&](const Item& a, const Item& b) {
            const int order = bpfxx::compare(a.rank, b.rank);
            return query.smallest_first ? order < 0 : order > 0;
        });
    }
    if (query.limit != 0 && items.size() > query.limit)
        items.resize(query.limit);
    for (const Item& item : items) {
        auto entry = decode(*now, item, rate);
        if (!entry)
            return std::unexpected(std::move(entry).error());
        reading.entries.push_back(std::move(*entry));
    }
    if (query.rate)
        remember(std::move(*now));
    return reading;
}

} // namespace xdpstat
