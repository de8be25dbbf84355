// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/entries.hpp"

#include <cerrno>
#include <string>

#include <bpf/bpf.h>
#include <linux/bpf.h>

namespace bpfxx {

namespace {

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

Result<> EntryReader::for_each(const Visit& visit)
{
    const MapInfo& info = map_.info();
    if (const char* cause = why_not(info.type); cause != nullptr)
        return std::unexpected(make_error(ErrorKind::unsupported, "read the entries of",
                                          map_type_name(info.type) + " " + map_.label(), cause));
    for (cursor_.start(map_, has_batches(info.type));;) {
        BPFXX_TRY(cursor_.next(map_));
        if (cursor_.count() == 0)
            return {};
        for (std::uint32_t i = 0; i < cursor_.count(); i++)
            if (!visit(Bytes(cursor_.keys() + std::size_t{i} * info.key_size, info.key_size),
                       Bytes(cursor_.values() + i * map_.lookup_size(), map_.lookup_size())))
                return {};
    }
}

Result<> for_each_map(const std::function<void(const Map&)>& visit)
{
    __u32 id = 0;
    while (bpf_map_get_next_id(id, &id) == 0) {
        const auto map = Map::open_id(id);
        if (map)
            visit(*map);
        else if (map.error().kind() != ErrorKind::not_found) // else it ended meanwhile
            return std::unexpected(map.error());
    }
    if (errno != ENOENT)
        return std::unexpected(system_error("list", "maps", errno));
    return {};
}

} // namespace bpfxx
