// SPDX-License-Identifier: BSD-2-Clause
// BTF that no compiler writes, and values of the types in it: decoded, told and compared with C++ types.
//
// An input is the number of a type, the size of a value, the value, and the BTF.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "abi/xdp_counter.h"
#include "bpfxx/layout.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/value.hpp"
#include "fuzz.hpp"

namespace xdpstat::fuzz {

namespace {

enum class State : std::uint16_t { open, closed };

struct Mixed {
    std::uint64_t count;
    std::int32_t level;
    State state;
    bool flag;
    char name[16];
    bpfxx::BigEndian<std::uint16_t> port;
    double share;
    std::uint32_t rows[3][2];
};

} // namespace

} // namespace xdpstat::fuzz

BPFXX_DESCRIBE(pkt_stats, total_packets, total_bytes, icmp_packets, tcp_packets, udp_packets, other_packets,
               ipv4_packets, ipv6_packets);
BPFXX_DESCRIBE(traffic_cell, packets, bytes);
BPFXX_DESCRIBE(traffic_stats, cell);
BPFXX_DESCRIBE(xdpstat::fuzz::Mixed, count, level, state, flag, name, port, share, rows);

namespace xdpstat::fuzz {

namespace {

std::uint32_t take_u32(Input& input)
{
    std::uint32_t number = 0;
    const std::size_t size = std::min(input.size(), sizeof(number));
    std::memcpy(&number, input.data(), size);
    input = input.subspan(size);
    return number;
}

template <class T>
void compare(const struct btf* types, std::uint32_t id)
{
    const bpfxx::LayoutReport report = bpfxx::compare_layout(bpfxx::shape<T>, types, id);
    (void)report.table();
    if (report.outcome == bpfxx::Outcome::incompatible)
        return;
    const std::int64_t size = btf__resolve_size(types, id);
    for (const bpfxx::Copy& copy : report.projection) {
        check(copy.to + std::uint64_t{copy.size} <= sizeof(T), "a projection writes within the C++ type");
        check(size < 0 || copy.from + std::uint64_t{copy.source_size()} <= static_cast<std::uint64_t>(size),
              "a projection reads within the map's value");
    }
}

void decode(std::span<const std::byte> raw, std::uint32_t id, std::span<const std::byte> bytes)
{
    const auto decoder = bpfxx::TypeDecoder::from_btf(raw, id, id);
    if (!decoder)
        return;
    (void)decoder->key_type();
    const auto value = decoder->value(bytes);
    if (!value)
        return;
    check(bpfxx::compare(*value, *value) == 0, "a value equals itself");
    const std::array twice{*value, *value};
    (void)bpfxx::sum_over_cpus(twice);
    (void)bpfxx::per_second(*value, *value, 1.0);
    check(bpfxx::find_part(*value, "") == &*value, "the whole is a part");
    const auto encoded = decoder->encode_key(*value, bytes.size());
    if (!encoded)
        return;
    check(encoded->size() == bytes.size(), "a key has the size of the map's keys");
    check(decoder->key(*encoded).has_value(), "what was encoded can be decoded");
}

} // namespace

void run(Input input)
{
    static const auto quiet = libbpf_set_print(nullptr);
    (void)quiet;
    const std::uint32_t id = take_u32(input);
    const std::size_t size = std::min<std::size_t>(take_u32(input), input.size());
    const auto value = std::as_bytes(input.first(size));
    const auto raw = std::as_bytes(input.subspan(size));

    decode(raw, id, value);
    const std::unique_ptr<struct btf, decltype(&btf__free)> types(
        btf__new(raw.data(), static_cast<std::uint32_t>(raw.size())), &btf__free);
    if (!types)
        return;
    compare<pkt_stats>(types.get(), id);
    compare<traffic_stats>(types.get(), id);
    compare<Mixed>(types.get(), id);
    compare<std::uint64_t>(types.get(), id);
}

} // namespace xdpstat::fuzz
