// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/entries.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

#include <bpf/bpf.h>
#include <linux/bpf.h>

namespace bpfxx {

namespace {

/// A batch is large enough to make the call's own cost vanish, and small enough for a cache.
constexpr std::uint32_t most_first_room = 256; // entries
constexpr std::size_t most_first_bytes = std::size_t{1} << 20U;

/// BPF_MAP_TYPE_CGRP_STORAGE, of kernel 6.2, which older headers lack.
constexpr std::uint32_t cgroup_local_storage = 32;

/// Kinds whose batches skip nothing and need no second try. Those of others go through the map key by key as well.
bool has_batches(std::uint32_t type)
{
    switch (type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
        return true;
    default:
        return false;
    }
}

/// Why nothing of a map can be read; null where it can.
const char* why_not(std::uint32_t type)
{
    switch (type) {
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        return "its records are for one consumer, and reading would take them away from it";
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
        return "its entries have no keys, and reading would take them out";
    case BPF_MAP_TYPE_BLOOM_FILTER:
        return "a bloom filter keeps no entries, it only tells whether one may be in it";
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
        return "its values are objects of the kernel, which the kernel does not hand out";
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case cgroup_local_storage:
        return "its values lie at objects of the kernel, and the kernel does not list those";
    default:
        return nullptr;
    }
}

} // namespace

bool is_taken_from(std::uint32_t map_type) noexcept
{
    return map_type == BPF_MAP_TYPE_QUEUE || map_type == BPF_MAP_TYPE_STACK;
}

void EntryReader::make_room(std::uint32_t entries)
{
    room_ = entries;
    keys_.resize(std::size_t{entries} * map_.info().key_size);
    values_.resize(entries * map_.lookup_size());
}

Result<> EntryReader::for_each(const Visit& visit)
{
    const MapInfo& info = map_.info();
    if (const char* cause = why_not(info.type); cause != nullptr)
        return std::unexpected(make_error(ErrorKind::unsupported, "read the entries of",
                                          map_type_name(info.type) + " " + map_.label(), cause));
    if (!has_batches(info.type))
        return walk(visit);
    if (room_ == 0) {
        const std::size_t fitting = most_first_bytes / std::max<std::size_t>(1, map_.lookup_size());
        make_room(std::clamp(static_cast<std::uint32_t>(fitting), 1U,
                             std::min(most_first_room, std::max(1U, info.max_entries))));
    }
    cursor_.resize(map_.cursor_size());
    for (bool from_start = true;;) {
        const auto batch = map_.lookup_batch(cursor_, from_start, keys_, values_, room_);
        if (!batch && batch.error().error_number == ENOSPC && room_ < info.max_entries) {
            // A bucket that holds more: from the same place again.
            make_room(room_ > info.max_entries / 2 ? info.max_entries : room_ * 2);
            continue;
        }
        if (!batch && batch.error().kind == ErrorKind::unsupported && from_start)
            return walk(visit);
        if (!batch)
            return std::unexpected(batch.error());
        for (std::uint32_t i = 0; i < batch->count; i++)
            if (!visit(Bytes(keys_).subspan(std::size_t{i} * info.key_size, info.key_size),
                       Bytes(values_).subspan(i * map_.lookup_size(), map_.lookup_size())))
                return {};
        if (batch->is_last)
            return {};
        from_start = false;
    }
}

Result<> EntryReader::walk(const Visit& visit)
{
    const MapInfo& info = map_.info();
    keys_.resize(std::max(keys_.size(), std::size_t{info.key_size} * 2));
    values_.resize(std::max(values_.size(), map_.lookup_size()));
    MutableBytes key = MutableBytes(keys_).first(info.key_size);
    MutableBytes next = MutableBytes(keys_).subspan(info.key_size, info.key_size);
    const MutableBytes value = MutableBytes(values_).first(map_.lookup_size());
    auto more = map_.next_key({}, key);
    // A key that is erased under the walk leads back to the start, as often as that happens.
    const std::uint64_t most_steps = 16 + std::uint64_t{info.max_entries} * 8;
    for (std::uint64_t step = 0; step < most_steps; step++) {
        if (!more)
            return std::unexpected(more.error());
        if (!*more)
            return {};
        more = map_.next_key(key, next);
        const auto found = map_.lookup(key, value);
        if (!found)
            return std::unexpected(found.error());
        if (*found && !visit(key, value))
            return {};
        std::swap(key, next);
    }
    return std::unexpected(make_error(ErrorKind::busy, "go through", map_.label(),
                                      "entries are erased faster than they are read", "read it again"));
}

Result<> for_each_map(const std::function<void(const Map&)>& visit)
{
    __u32 id = 0;
    while (bpf_map_get_next_id(id, &id) == 0) {
        const auto map = Map::open_id(id);
        if (map)
            visit(*map);
        else if (map.error().kind != ErrorKind::not_found) // else it ended meanwhile
            return std::unexpected(map.error());
    }
    if (errno != ENOENT)
        return std::unexpected(system_error("list", "maps", errno));
    return {};
}

} // namespace bpfxx
