// SPDX-License-Identifier: BSD-2-Clause
//
// Maps that are not what the reader takes them for, and a machine that will not let it.
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include <linux/capability.h>
#include <sys/syscall.h>

#include "bpfxx/array_map.hpp"
#include "bpfxx/counter_array.hpp"
#include "bpfxx/cpus.hpp"
#include "bpfxx/global_data.hpp"
#include "bpfxx/keyed_map.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/mapped_array.hpp"
#include "bpfxx/value.hpp"
#include "programs.hpp"

namespace {

struct Longer {
    std::uint64_t first;
    std::uint64_t second;
    std::uint64_t third;
};

struct First {
    std::uint64_t first;
};

} // namespace

BPFXX_DESCRIBE(Longer, first, second, third);
BPFXX_DESCRIBE(First, first);

namespace bpfxx::test {
namespace {

using ::testing::HasSubstr;

using Pairs = HashMap<std::uint32_t, pair>;

constexpr const char* pin_path = "/sys/fs/bpf/bad_input";

/// Runs work in a thread that has no capability.
template <class Work>
void without_capabilities(Work work)
{
    std::thread([&] {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
        struct __user_cap_data_struct none[2] = {};
        ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
        work();
    }).join();
}

/// A map that is made without BTF, as many are.
Map without_btf(std::uint32_t type, std::uint32_t value_size)
{
    return take(Map::from_fd(Fd(bpf_map_create(static_cast<enum bpf_map_type>(type), "plain",
                                               sizeof(std::uint32_t), value_size, 4, nullptr))));
}

template <class T>
Error error_of(const Result<T>& result)
{
    if (result)
        throw std::runtime_error("it succeeds");
    return result.error();
}

class BadInputTest : public MapTest {
protected:
    ~BadInputTest() override { std::filesystem::remove(pin_path); }
};

TEST_F(BadInputTest, ThePinIsNotThere)
{
    const Error error = error_of(Pairs::open_pinned(pin_path));
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_EQ(error.message(), "cannot open /sys/fs/bpf/bad_input: No such file or directory");
    EXPECT_EQ(error_of(Pairs::open_pinned("/etc/hostname")).kind(), ErrorKind::incompatible);
    EXPECT_EQ(error_of(Pairs::open_pinned("/sys/fs/bpf")).kind(), ErrorKind::incompatible);
    EXPECT_FALSE(Pairs::open_pinned(""));
}

TEST_F(BadInputTest, ThePinCannotBeMade)
{
    const auto map = take(Pairs::create("pairs", 4));
    take(map.map().pin(pin_path));
    EXPECT_EQ(error_of(map.map().pin(pin_path)).kind(), ErrorKind::busy);
    const Error elsewhere = error_of(map.map().pin("/tmp/bad_input"));
    EXPECT_THAT(elsewhere.message(), HasSubstr("mount -t bpf bpf /sys/fs/bpf"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/bad_input"));
}

TEST_F(BadInputTest, APermissionIsMissing)
{
    const auto map = take(Pairs::create("pairs", 4));
    take(map.map().pin(pin_path));
    const std::uint32_t id = map.map().info().id;
    without_capabilities([&] {
        for (const Error& error :
             {error_of(Pairs::open_id(id)), error_of(Pairs::open_name("pairs")),
              error_of(Pairs::create("more", 4)), error_of(Pairs::open_pinned(pin_path))})
            EXPECT_EQ(error.kind(), ErrorKind::permission) << error.message();
        EXPECT_THAT(error_of(Pairs::open_id(id)).message(), HasSubstr("CAP_SYS_ADMIN"));
    });
}

TEST_F(BadInputTest, BtfMayNotBeReadButTheSizeIsKnown)
{
    const Programs programs;
    take(take(Map::open_loaded(programs->maps.mapped)).pin(pin_path));
    const auto map = take(Map::open_loaded(programs->maps.mapped));
    // The kernel lets an open descriptor be used by whoever has it, from 5.19 on also where bpf(2) is not for everybody.
    bool may_use = true;
    without_capabilities([&] { may_use = Map::duplicate(map.fd()).has_value(); });
    if (!may_use && kernel_is_before(5, 19))
        GTEST_SKIP() << "this kernel lets nobody without CAP_BPF use a descriptor (5.19 or newer does)";
    without_capabilities([&] {
        const Error error = error_of(MappedArray<pair>::open(take(Map::duplicate(map.fd()))));
        EXPECT_EQ(error.kind(), ErrorKind::permission);
        EXPECT_THAT(error.message(), HasSubstr("reading BTF needs CAP_SYS_ADMIN"));
        const auto by_size = take(MappedArray<pair>::open(take(Map::duplicate(map.fd())), Proof::size));
        EXPECT_FALSE(by_size.layout());
        EXPECT_EQ(by_size.read(0).first, 0U);
        EXPECT_THAT(
            error_of(MappedArray<Longer>::open(take(Map::duplicate(map.fd())), Proof::size)).message(),
            HasSubstr("its values are 16 bytes, not 24"));
        EXPECT_EQ(error_of(GlobalData::open_loaded(programs->maps.bss)).kind(), ErrorKind::permission);
    });
}

TEST_F(BadInputTest, ThereIsNoBtf)
{
    const Map plain = without_btf(BPF_MAP_TYPE_HASH, sizeof(pair));
    const Error error = error_of(Pairs::open(take(Map::duplicate(plain.fd()))));
    EXPECT_EQ(error.kind(), ErrorKind::incompatible);
    EXPECT_THAT(error.message(), HasSubstr("it has no BTF"));
    auto by_size = take(Pairs::open(take(Map::duplicate(plain.fd())), Proof::size));
    take(by_size.update(1, {2, 3}));
    EXPECT_EQ(take(by_size.lookup(1))->second, 3U);

    const auto decoder = take(TypeDecoder::of(plain));
    const pair source{};
    EXPECT_EQ(take(decoder.value(bytes_of(source))).kind, ValueKind::untyped);
}

TEST_F(BadInputTest, ValuesAreLargerThanExpected)
{
    auto longer = take(HashMap<std::uint32_t, Longer>::create("longer", 4));
    take(longer.update(1, {1, 2, 3}));
    // By its BTF the part that is wanted is found; by size alone nothing is known of it.
    auto part = take(Pairs::open(take(Map::duplicate(longer.map().fd()))));
    EXPECT_EQ(part.layout()->outcome, Outcome::compatible);
    EXPECT_EQ(take(part.lookup(1))->second, 2U);
    EXPECT_EQ(error_of(part.update(1, {})).kind(), ErrorKind::incompatible);
    const Map plain = without_btf(BPF_MAP_TYPE_HASH, sizeof(Longer));
    EXPECT_THAT(error_of(Pairs::open(take(Map::duplicate(plain.fd())), Proof::size)).message(),
                HasSubstr("its values are 24 bytes, not 16"));
    // The other way round a field is missing.
    const auto map = take(Pairs::create("pairs", 4));
    const Error shorter =
        error_of(HashMap<std::uint32_t, Longer>::open(take(Map::duplicate(map.map().fd()))));
    EXPECT_EQ(shorter.kind(), ErrorKind::incompatible);
    EXPECT_THAT(shorter.detail(), HasSubstr("third"));
    // Keys are as long as the map says.
    EXPECT_THAT(error_of(HashMap<std::uint64_t, pair>::open(take(Map::duplicate(map.map().fd())))).message(),
                HasSubstr("its keys are 4 bytes, not 8"));
}

TEST_F(BadInputTest, ItIsAnotherKindOfMap)
{
    const auto map = take(Pairs::create("pairs", 4));
    const auto again = [&] { return take(Map::duplicate(map.map().fd())); };
    for (const Error& error :
         {error_of(ArrayMap<pair>::open(again())), error_of(PerCpuArrayMap<pair>::open(again())),
          error_of(PerCpuHashMap<std::uint32_t, pair>::open(again())),
          error_of(LruHashMap<std::uint32_t, pair>::open(again())),
          error_of(CounterArray<pair>::open(again()))}) {
        EXPECT_EQ(error.kind(), ErrorKind::incompatible);
        EXPECT_THAT(error.message(), HasSubstr("it is of type hash, not "));
    }
    EXPECT_EQ(error_of(MappedArray<pair>::open(again())).kind(), ErrorKind::unsupported);
}

TEST_F(BadInputTest, CpusAreOfflineOrNotThereYet)
{
    // What is online must not matter: the kernel hands over a value for each CPU that may ever be.
    const std::uint32_t possible = take(possible_cpus()).count;
    const auto folder =
        std::filesystem::temp_directory_path() / ("xdpstat-online-" + std::to_string(::getpid()));
    std::ofstream(folder) << "0\n";
    ASSERT_EQ(::mount(folder.c_str(), "/sys/devices/system/cpu/online", nullptr, MS_BIND, nullptr), 0);
    std::filesystem::remove(folder);
    auto map = take(PerCpuArrayMap<std::uint64_t>::create("by_cpu", 1));
    take(map.update(0, 1));
    EXPECT_EQ(take(map.lookup(0)).sum(), possible);
    ::umount("/sys/devices/system/cpu/online");
}

TEST_F(BadInputTest, TheMapEndsUnderItsReader)
{
    std::uint32_t id = 0;
    {
        std::optional<Pairs> owner = take(Pairs::create("pairs", 4));
        take(owner->update(1, {1, 1}));
        take(owner->map().pin(pin_path));
        id = owner->map().info().id;
        auto reader = take(Pairs::open_pinned(pin_path));
        owner.reset();
        std::filesystem::remove(pin_path);
        // The reader keeps it alive.
        EXPECT_EQ(take(reader.lookup(1))->first, 1U);
        EXPECT_TRUE(Pairs::open_id(id));
    }
    // The kernel frees it a moment later.
    for (int wait = 0; wait < 100 && Pairs::open_id(id); wait++)
        ::usleep(10'000);
    EXPECT_EQ(error_of(Pairs::open_id(id)).kind(), ErrorKind::not_found);
}

TEST_F(BadInputTest, NamesAreTooLong)
{
    const Error error = error_of(Pairs::create("sixteen_letters_", 4));
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_THAT(error.message(), HasSubstr("longer than 15 characters"));
}

} // namespace
} // namespace bpfxx::test
