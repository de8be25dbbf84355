// SPDX-License-Identifier: BSD-2-Clause
// Makes a hash and an array of counters, reads them back, and prints what it read.
#include <cstdint>
#include <cstdio>
#include <utility>

#include <bpf/libbpf.h>

#include <bpfxx/counter_array.hpp>
#include <bpfxx/create.hpp>
#include <bpfxx/keyed_map.hpp>

struct Traffic {
    std::uint64_t packets;
    std::uint64_t bytes;
};
BPFXX_DESCRIBE(Traffic, packets, bytes);

namespace {

bpfxx::Result<Traffic> through_a_hash()
{
    auto hosts = bpfxx::HashMap<std::uint32_t, Traffic>::create("hosts", 16);
    if (!hosts)
        return std::unexpected(hosts.error());
    BPFXX_TRY(hosts->update(1, {7, 700}));
    const auto found = hosts->lookup(1);
    if (!found)
        return std::unexpected(found.error());
    return found->value_or(Traffic{});
}

bpfxx::Result<Traffic> through_an_array()
{
    auto map = bpfxx::create_map({.type = BPF_MAP_TYPE_ARRAY,
                                  .name = "slots",
                                  .key = &bpfxx::shape<std::uint32_t>,
                                  .value = &bpfxx::shape<Traffic>,
                                  .max_entries = 2,
                                  .flags = BPF_F_MMAPABLE});
    if (!map)
        return std::unexpected(map.error());
    for (const std::uint32_t slot : {0U, 1U})
        BPFXX_TRY(map->update(bpfxx::bytes_of(slot), bpfxx::bytes_of(Traffic{1, 100})));
    auto slots = bpfxx::CounterArray<Traffic>::open(std::move(*map));
    if (!slots)
        return std::unexpected(slots.error());
    return slots->sum();
}

bool print(const char* map, const bpfxx::Result<Traffic>& traffic)
{
    if (!traffic) {
        std::fprintf(stderr, "%s\n", traffic.error().message().c_str());
        return false;
    }
    std::printf("%s: %llu packets, %llu bytes\n", map, static_cast<unsigned long long>(traffic->packets),
                static_cast<unsigned long long>(traffic->bytes));
    return true;
}

} // namespace

int main()
{
    // libbpf comes along with bpfxx, for programs that hold skeletons.
    std::printf("libbpf %u\n", libbpf_major_version());
    const bool hash = print("hash", through_a_hash());
    const bool array = print("array", through_an_array());
    return hash && array ? 0 : 1;
}
