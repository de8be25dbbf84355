// SPDX-License-Identifier: BSD-2-Clause
//
// Maps through bpfxx.h. Layouts and views are in bpfxx_c_layout.cpp.
#include "bpfxx/bpfxx.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "bpfxx/bpfxx_c.hpp"
#include "bpfxx/create.hpp"
#include "bpfxx/entries.hpp"

namespace bpfxx::c {

namespace {

/// What a thread last heard of an error. A fixed line costs nothing, and is there when memory is not.
struct LastError {
    std::string text;
    std::string detail;
    const char* line = ""; ///< in place of `text` where it is not null
};

LastError& last_error() noexcept
{
    thread_local LastError error;
    return error;
}

constexpr const char* no_such_key = "cannot find a key in the map: it is not there";

Bytes bytes(const void* data, std::size_t size)
{
    return {static_cast<const std::byte*>(data), data != nullptr ? size : 0};
}

MutableBytes bytes(void* data, std::size_t size)
{
    return {static_cast<std::byte*>(data), data != nullptr ? size : 0};
}

/// 0, or -ENOENT where there was nothing to find.
int found(const Result<bool>& result) noexcept
{
    if (!result)
        return failed(result.error());
    return *result ? 0 : failed(ENOENT, no_such_key);
}

template <class... Argument>
bool has_null(const Argument*... arguments)
{
    return ((arguments == nullptr) || ...);
}

/// Puts an opened map behind a handle of the caller's.
int hand_out(Result<Map> opened, bpfxx_map** map)
{
    if (!opened)
        return failed(opened.error());
    *map = new bpfxx_map{std::move(*opened)};
    return 0;
}

void copy_text(char* to, std::size_t room, std::string_view text)
{
    const std::size_t size = std::min(text.size(), room - 1);
    std::memcpy(to, text.data(), size);
    std::memset(to + size, 0, room - size);
}

std::uint32_t cpus_of(const Map& map)
{
    const MapInfo& info = map.info();
    if (!info.is_per_cpu() || info.value_size == 0)
        return 1;
    return static_cast<std::uint32_t>(map.lookup_size() / value_stride(info.value_size));
}

/// Bytes from the start of an entry's values to one CPU's; empty: there is no such CPU.
std::optional<std::size_t> place_of(const bpfxx_map* map, std::uint32_t cpu)
{
    if (map == nullptr || cpu >= cpus_of(map->map))
        return std::nullopt;
    return std::size_t{cpu} * value_stride(map->map.info().value_size);
}

} // namespace

int failed(const Error& error) noexcept
{
    const int number = errno_of(error);
    LastError& last = last_error();
    try {
        last.text = error.message();
        last.detail = error.detail();
        last.line = nullptr;
    } catch (...) {
        return failed(ENOMEM, "cannot go on: Cannot allocate memory");
    }
    return -number;
}

int failed(int error_number, const char* line) noexcept
{
    LastError& last = last_error();
    last.detail.clear();
    last.line = line;
    return -error_number;
}

} // namespace bpfxx::c

using namespace bpfxx::c; // NOLINT(google-build-using-namespace): what follows has no namespace

uint32_t bpfxx_c_version(void)
{
    return BPFXX_C_VERSION;
}

const char* bpfxx_last_error(void)
{
    const LastError& last = last_error();
    return last.line != nullptr ? last.line : last.text.c_str();
}

const char* bpfxx_last_error_detail(void)
{
    return last_error().detail.c_str();
}

int bpfxx_map_open_pin(const char* path, bpfxx_map** map)
{
    clear(map);
    if (has_null(path, map))
        return wrong(null_argument);
    return guarded([&] { return hand_out(bpfxx::Map::open_pinned(path), map); });
}

int bpfxx_map_open_id(uint32_t id, bpfxx_map** map)
{
    clear(map);
    if (has_null(map))
        return wrong(null_argument);
    return guarded([&] { return hand_out(bpfxx::Map::open_id(id), map); });
}

int bpfxx_map_open_name(const char* name, bpfxx_map** map)
{
    clear(map);
    if (has_null(name, map))
        return wrong(null_argument);
    return guarded([&] { return hand_out(bpfxx::Map::open_name(name), map); });
}

int bpfxx_map_open_fd(int fd, bpfxx_map** map)
{
    clear(map);
    if (has_null(map))
        return wrong(null_argument);
    return guarded([&] { return hand_out(bpfxx::Map::duplicate(fd), map); });
}

int bpfxx_map_create(uint32_t type, const char* name, const bpfxx_type* key, const bpfxx_type* value,
                     uint32_t max_entries, uint32_t flags, bpfxx_map** map)
{
    clear(map);
    if (has_null(name, map))
        return wrong(null_argument);
    return guarded([&] {
        Types types;
        bpfxx::MapSpec spec{.type = type, .name = name, .max_entries = max_entries, .flags = flags};
        for (const auto& [described, shape] : {std::pair(key, &spec.key), std::pair(value, &spec.value)}) {
            if (described == nullptr)
                continue;
            const auto added = types.add(*described);
            if (!added)
                return failed(added.error());
            *shape = *added;
        }
        return hand_out(bpfxx::create_map(spec), map);
    });
}

void bpfxx_map_close(bpfxx_map* map)
{
    delete map;
}

int bpfxx_map_get_info(const bpfxx_map* map, bpfxx_map_info* info)
{
    if (has_null(map, info))
        return wrong(null_argument);
    if (info->this_size < sizeof(*info))
        return wrong("cannot tell of a map: this_size is not that of struct bpfxx_map_info");
    return guarded([&] {
        const bpfxx::MapInfo& known = map->map.info();
        const std::size_t size = info->this_size;
        std::memset(info, 0, size);
        info->this_size = size;
        info->id = known.id;
        info->type = known.type;
        info->key_size = known.key_size;
        info->value_size = known.value_size;
        info->max_entries = known.max_entries;
        info->flags = known.flags;
        info->btf_id = known.btf_id;
        info->cpus = cpus_of(map->map);
        info->lookup_size = map->map.lookup_size();
        copy_text(info->name, sizeof info->name, known.name);
        copy_text(info->type_name, sizeof info->type_name, bpfxx::map_type_name(known.type));
        return 0;
    });
}

int bpfxx_map_fd(const bpfxx_map* map)
{
    return map != nullptr ? map->map.fd() : wrong(null_argument);
}

int bpfxx_map_pin(const bpfxx_map* map, const char* path)
{
    if (has_null(map, path))
        return wrong(null_argument);
    return guarded([&] { return outcome_of(map->map.pin(path)); });
}

int bpfxx_map_lookup(const bpfxx_map* map, const void* key, size_t key_size, void* value, size_t value_size)
{
    if (has_null(map))
        return wrong(null_argument);
    return guarded([&] { return found(map->map.lookup(bytes(key, key_size), bytes(value, value_size))); });
}

int bpfxx_map_update(const bpfxx_map* map, const void* key, size_t key_size, const void* value,
                     size_t value_size, uint32_t mode)
{
    if (has_null(map))
        return wrong(null_argument);
    if (mode > BPFXX_UPDATE_REPLACE)
        return wrong("cannot write to a map: the mode is none of enum bpfxx_update");
    return guarded([&] {
        return outcome_of(map->map.update(bytes(key, key_size), bytes(value, value_size),
                                          static_cast<bpfxx::Update>(mode)));
    });
}

int bpfxx_map_erase(const bpfxx_map* map, const void* key, size_t key_size)
{
    if (has_null(map))
        return wrong(null_argument);
    return guarded([&] { return found(map->map.erase(bytes(key, key_size))); });
}

int bpfxx_map_take(const bpfxx_map* map, const void* key, size_t key_size, void* value, size_t value_size)
{
    if (has_null(map))
        return wrong(null_argument);
    return guarded(
        [&] { return found(map->map.lookup_and_erase(bytes(key, key_size), bytes(value, value_size))); });
}

int bpfxx_map_next_key(const bpfxx_map* map, const void* previous, void* next, size_t key_size)
{
    if (has_null(map))
        return wrong(null_argument);
    return guarded(
        [&] { return found(map->map.next_key(bytes(previous, key_size), bytes(next, key_size))); });
}

int bpfxx_map_for_each(const bpfxx_map* map, bpfxx_visit visit, void* context)
{
    if (map == nullptr || visit == nullptr)
        return wrong(null_argument);
    return guarded([&] {
        int answer = 0;
        bpfxx::EntryReader entries(map->map);
        const auto result = entries.for_each([&](bpfxx::Bytes key, bpfxx::Bytes value) {
            answer = visit(context, key.data(), value.data());
            return answer == 0;
        });
        return result ? answer : failed(result.error());
    });
}

const void* bpfxx_map_cpu_value(const bpfxx_map* map, const void* values, uint32_t cpu)
{
    const auto place = place_of(map, cpu);
    return place && values != nullptr ? static_cast<const std::byte*>(values) + *place : nullptr;
}

void* bpfxx_map_cpu_value_mutable(const bpfxx_map* map, void* values, uint32_t cpu)
{
    const auto place = place_of(map, cpu);
    return place && values != nullptr ? static_cast<std::byte*>(values) + *place : nullptr;
}
