// SPDX-License-Identifier: BSD-2-Clause
//
// How long does this take to compile? The program of by_libbpf.cpp by bpfxx's map without types.
#include <cstdint>
#include <cstdio>

#include "bpfxx/map.hpp"

struct PortStats {
    std::uint64_t packets;
    std::uint64_t bytes;
};

static bpfxx::Result<bpfxx::Map> open_ports(const char* path)
{
    auto map = bpfxx::Map::open_pinned(path);
    if (map && (map->info().type != 1 || // BPF_MAP_TYPE_HASH
                map->info().key_size != sizeof(std::uint32_t) || map->info().value_size != sizeof(PortStats)))
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::incompatible, "open", path, "it is no map of ports"));
    return map;
}

static bpfxx::Result<PortStats> count(const bpfxx::Map& map, std::uint32_t port)
{
    PortStats stats{};
    BPFXX_TRY(map.lookup(bpfxx::bytes_of(port), bpfxx::mutable_bytes_of(stats)));
    const PortStats before = stats;
    stats.packets++;
    BPFXX_TRY(map.update(bpfxx::bytes_of(port), bpfxx::bytes_of(stats)));
    return before;
}

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    const auto map = open_ports(argv[1]);
    if (!map) {
        std::fprintf(stderr, "%s\n", map.error().message().c_str());
        return 1;
    }
    const auto before = count(*map, 443);
    if (!before) {
        std::fprintf(stderr, "%s\n", before.error().message().c_str());
        return 1;
    }
    std::printf("%llu packets\n", static_cast<unsigned long long>(before->packets));
}
