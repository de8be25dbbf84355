// SPDX-License-Identifier: BSD-2-Clause
//
// Every kind of field in real maps: written as BTF when the map is made, compared when it is opened again.
#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <string>

#include <bpf/btf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpfxx/array_map.hpp"
#include "bpfxx/keyed_map.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/mapped_array.hpp"
#include "map_test.hpp"

namespace kinds {

enum class State : std::uint8_t { closed, open };
enum class Level : std::int64_t { low = -1 };

struct Key {
    bpfxx::BigEndian<std::uint32_t> source;
    bpfxx::BigEndian<std::uint16_t> port;
    State state;
    char mark;
};

struct Quad {
    std::uint32_t low;
    std::uint32_t high;
};

union Amount {
    std::uint64_t whole;
    Quad parts;
    std::uint8_t bytes[8];
};

struct Value {
    bpfxx::UInt128 total;
    bpfxx::Int128 balance;
    Level level;
    double mean;
    float load;
    bool is_local;
    State state;
    bpfxx::LittleEndian<std::uint16_t> order;
    Amount amount;
    union { // described out of their order
        std::uint32_t v4;
        std::array<std::uint8_t, 16> v6;
    };
    char name[15];
    char end;
};

constexpr std::uint32_t block = 65536; // whole pages on every machine

/// A value of several pages, and the part of it that a reader wants.
struct Large {
    std::uint64_t first;
    std::uint64_t history[2 * block / 8];
    std::uint64_t last;
};

struct Ends {
    std::uint64_t first;
    std::uint64_t last;
};

} // namespace kinds

BPFXX_DESCRIBE(kinds::Key, source, port, state, mark);
BPFXX_DESCRIBE(kinds::Quad, low, high);
BPFXX_DESCRIBE_UNION(kinds::Amount, whole, parts);
BPFXX_DESCRIBE(kinds::Value, total, balance, level, mean, load, is_local, state, order, amount, v6, v4, end,
               name);
BPFXX_DESCRIBE(kinds::Large, first, history, last);
BPFXX_DESCRIBE(kinds::Ends, first, last);

namespace bpfxx::test {
namespace {

using kinds::Ends;
using kinds::Key;
using kinds::Large;
using kinds::Level;
using kinds::State;
using kinds::Value;

#define BPFXX_NEEDS_ALL_KINDS()                                                                              \
    if (kernel_is_before(6, 0))                                                                              \
    GTEST_SKIP() << "this kernel's BTF has no floats (5.13 or newer has) or no enums of 64 bits (6.0)"

class LayoutKindsTest : public MapTest {
protected:
    static Map again(const Map& map) { return take(Map::duplicate(map.fd())); }
};

Value sample()
{
    Value value{};
    value.total = UInt128{1} << 100;
    value.balance = -(Int128{1} << 90);
    value.level = Level::low;
    value.mean = 2.5;
    value.load = 0.5F;
    value.is_local = true;
    value.state = State::open;
    value.order = 0x0102;
    value.amount.parts = {7, 9};
    value.v6 = {1, 2, 3, 4, 5};
    std::copy_n("eth0", 5, value.name);
    value.end = '!';
    return value;
}

TEST_F(LayoutKindsTest, AMapIsMadeWithAllOfThemAndOpenedAgain)
{
    BPFXX_NEEDS_ALL_KINDS();
    auto made = take(HashMap<Key, Value>::create("kinds", 8));
    const Key key{0x0a000001, 443, State::open, 'x'};
    take(made.update(key, sample()));

    auto map = take(HashMap<Key, Value>::open(again(made.map()), Proof::btf));
    ASSERT_TRUE(map.layout());
    EXPECT_EQ(map.layout()->outcome, Outcome::same);
    EXPECT_EQ(map.layout()->table(), "");
    const auto found = take(map.lookup({0x0a000001, 443, State::open, 'x'}));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->total == UInt128{1} << 100);
    EXPECT_TRUE(found->balance == -(Int128{1} << 90));
    EXPECT_EQ(found->level, Level::low);
    EXPECT_EQ(found->mean, 2.5);
    EXPECT_EQ(found->load, 0.5F);
    EXPECT_TRUE(found->is_local);
    EXPECT_EQ(found->state, State::open);
    EXPECT_EQ(found->order, 0x0102);
    EXPECT_EQ(found->amount.whole, std::uint64_t{9} << 32 | 7);
    EXPECT_EQ(found->v4, 0x04030201U);
    EXPECT_STREQ(found->name, "eth0");
    EXPECT_EQ(found->end, '!');
    EXPECT_FALSE(take(map.lookup({0x0100000a, 443, State::open, 'x'})));
}

/// The members of a structure as a C declaration lists them: "__be32 source; __be16 port; ". Of an array its elements.
std::string members_of(const struct btf* types, std::uint32_t type_id)
{
    const struct btf_type* type = btf__type_by_id(types, type_id);
    std::string text;
    for (std::uint32_t i = 0; i < btf_vlen(type); i++) {
        const struct btf_member& member = btf_members(type)[i];
        const struct btf_type* of = btf__type_by_id(types, member.type);
        const std::string element =
            btf_is_array(of)
                ? btf__name_by_offset(types, btf__type_by_id(types, btf_array(of)->type)->name_off)
                : btf__name_by_offset(types, of->name_off);
        text += (btf_is_any_enum(of) ? "enum "
                 : btf_is_union(of)  ? "union "
                                     : "") +
                element + " " + btf__name_by_offset(types, member.name_off) + "; ";
    }
    return text;
}

TEST_F(LayoutKindsTest, TheKernelsBtfNamesThemAsCDoes)
{
    BPFXX_NEEDS_ALL_KINDS();
    const auto made = take(HashMap<Key, Value>::create("kinds", 8));
    const MapInfo& info = made.map().info();
    struct btf* types = btf__load_from_kernel_by_id(info.btf_id);
    ASSERT_NE(types, nullptr);
    EXPECT_EQ(members_of(types, info.key_type_id),
              "__be32 source; __be16 port; enum State state; char mark; ");
    EXPECT_EQ(members_of(types, info.value_type_id),
              "u128 total; s128 balance; enum Level level; double mean; float load; bool is_local; "
              "enum State state; __le16 order; union Amount amount; u8 v6; u32 v4; char name; char end; ");
    btf__free(types);
}

TEST_F(LayoutKindsTest, AnotherByteOrderIsRefusedAndListed)
{
    const auto made = take(HashMap<std::uint32_t, BigEndian<std::uint32_t>>::create("kinds", 8));
    const auto refused = HashMap<std::uint32_t, LittleEndian<std::uint32_t>>::open(again(made.map()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail(), "  field   C++ le32        map be32\n"
                                        "  (type)  le32 at byte 0  be32 at byte 0  refused\n");
}

/// Where the kernel's memory of an mmapable array lies in this process, which has but one such mapping.
std::byte* mapped_values()
{
    std::ifstream maps("/proc/self/maps");
    std::uintptr_t found = 0;
    for (std::string line; std::getline(maps, line);)
        if (line.find("bpf-map") != std::string::npos)
            found = std::stoull(line, nullptr, 16);
    return reinterpret_cast<std::byte*>(found); // NOLINT(performance-no-int-to-ptr): from the kernel's text
}

/// An array of one value of several pages, with its ends set.
Map large_map(std::uint32_t flags)
{
    auto map = take(create_map({.type = BPF_MAP_TYPE_ARRAY,
                                .name = "large",
                                .key = &shape<std::uint32_t>,
                                .value = &shape<Large>,
                                .max_entries = 1,
                                .flags = flags}));
    auto large = std::make_unique<Large>();
    large->first = 1;
    large->last = 2;
    const std::uint32_t index = 0;
    take(map.update(bytes_of(index), bytes_of(*large)));
    return map;
}

TEST_F(LayoutKindsTest, AMappingIsReadOnlyWhereTheFieldsAre)
{
    const auto part = take(MappedArray<Ends>::open(large_map(BPF_F_MMAPABLE)));
    EXPECT_EQ(part.layout()->outcome, Outcome::compatible);
    std::byte* values = mapped_values();
    ASSERT_NE(values, nullptr);
    ASSERT_EQ(::mprotect(values + kinds::block, kinds::block, PROT_NONE),
              0); // to read there would end the test
    const Ends ends = part.read(0);
    EXPECT_EQ(ends.first, 1U);
    EXPECT_EQ(ends.last, 2U);
}

TEST_F(LayoutKindsTest, ALookupIsDecodedOnlyWhereTheFieldsAre)
{
    Map map = large_map(0);
    const Layout layout = take(map.check_value(shape<Ends>, Proof::btf));
    // The kernel copies the whole value ...
    EXPECT_EQ(map.lookup_size(), sizeof(Large));
    void* address =
        ::mmap(nullptr, 4 * kinds::block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(address, MAP_FAILED);
    const Mapping mapping(address, 4 * kinds::block);
    auto* value = static_cast<std::byte*>(address);
    const std::uint32_t index = 0;
    ASSERT_TRUE(take(map.lookup(bytes_of(index), {value, map.lookup_size()})));
    // ... and decoding reads nothing between the fields.
    ASSERT_EQ(::mprotect(value + kinds::block, kinds::block, PROT_NONE), 0);
    const Ends ends = layout.decode<Ends>(value);
    EXPECT_EQ(ends.first, 1U);
    EXPECT_EQ(ends.last, 2U);

    auto array = take(ArrayMap<Ends>::open(std::move(map)));
    EXPECT_EQ(take(array.lookup(0)).last, 2U);
    EXPECT_FALSE(array.update(0, ends)); // it would write the part over the whole
}

} // namespace
} // namespace bpfxx::test
