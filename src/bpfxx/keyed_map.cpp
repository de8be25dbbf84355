// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/keyed_map.hpp"

#include <linux/bpf.h>

#include "bpfxx/array_map.hpp"
#include "bpfxx/map_of_maps.hpp"
#include "bpfxx/queue_map.hpp"

namespace bpfxx {

namespace {

template <class T>
constexpr std::uint32_t type_of = 0;
template <class K, class V, class Kind>
constexpr std::uint32_t type_of<KeyedMap<K, V, Kind>> = Kind::type;
template <class V, class Kind>
constexpr std::uint32_t type_of<AnyArrayMap<V, Kind>> = Kind::type;
template <class V, std::uint32_t type>
constexpr std::uint32_t type_of<QueueMap<V, type>> = type;
template <class K, std::uint32_t type>
constexpr std::uint32_t type_of<MapOfMaps<K, type>> = type;

// The headers do without the kernel's own; the numbers are the same.
static_assert(type_of<ArrayMap<int>> == BPF_MAP_TYPE_ARRAY);
static_assert(type_of<PerCpuArrayMap<int>> == BPF_MAP_TYPE_PERCPU_ARRAY);
static_assert(type_of<HashMap<int, int>> == BPF_MAP_TYPE_HASH);
static_assert(type_of<PerCpuHashMap<int, int>> == BPF_MAP_TYPE_PERCPU_HASH);
static_assert(type_of<LruHashMap<int, int>> == BPF_MAP_TYPE_LRU_HASH);
static_assert(type_of<LruPerCpuHashMap<int, int>> == BPF_MAP_TYPE_LRU_PERCPU_HASH);
static_assert(type_of<LpmTrie<int, int>> == BPF_MAP_TYPE_LPM_TRIE);
static_assert(type_of<Queue<int>> == BPF_MAP_TYPE_QUEUE && type_of<Stack<int>> == BPF_MAP_TYPE_STACK);
static_assert(type_of<ArrayOfMaps> == BPF_MAP_TYPE_ARRAY_OF_MAPS);
static_assert(type_of<HashOfMaps<int>> == BPF_MAP_TYPE_HASH_OF_MAPS);
static_assert(static_cast<int>(Update::any) == BPF_ANY && static_cast<int>(Update::insert) == BPF_NOEXIST &&
              static_cast<int>(Update::replace) == BPF_EXIST);

} // namespace

} // namespace bpfxx
