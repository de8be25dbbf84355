// SPDX-License-Identifier: BSD-2-Clause
//
// How long does this take to compile? The program of by_libbpf.cpp by a typed map, whose layout BTF proves.
#include <cstdint>
#include <cstdio>

#include "bpfxx/keyed_map.hpp"

struct PortStats {
    std::uint64_t packets;
    std::uint64_t bytes;
};
BPFXX_DESCRIBE(PortStats, packets, bytes);

using Ports = bpfxx::HashMap<std::uint32_t, PortStats>;

static bpfxx::Result<PortStats> count(Ports& map, std::uint32_t port)
{
    const auto found = map.lookup(port);
    if (!found)
        return std::unexpected(found.error());
    const PortStats before = found->value_or(PortStats{});
    BPFXX_TRY(map.update(port, {before.packets + 1, before.bytes}));
    return before;
}

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    auto map = Ports::open_pinned(argv[1]);
    if (!map) {
        std::fprintf(stderr, "%s\n%s", map.error().message().c_str(), map.error().detail().c_str());
        return 1;
    }
    const auto before = count(*map, 443);
    if (!before) {
        std::fprintf(stderr, "%s\n", before.error().message().c_str());
        return 1;
    }
    std::printf("%llu packets\n", static_cast<unsigned long long>(before->packets));
}
