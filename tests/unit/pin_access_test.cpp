// SPDX-License-Identifier: BSD-2-Clause
#include "counter/pin_access.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xdpstat {
namespace {

TEST(PinMode, IsOctal)
{
    EXPECT_EQ(parse_pin_mode("0600"), 0600U);
    EXPECT_EQ(parse_pin_mode("640"), 0640U);
    EXPECT_EQ(parse_pin_mode("0664"), 0664U);
}

TEST(PinMode, RefusesWhatLocksOutTheOwnerOrLetsAnyoneWrite)
{
    for (const char* text : {"", "0", "rw-r-----", "0648", "1640", "4640", "-640", "0640 ", " 0640", "0x1a0",
                             "0440", "0040", "0740", "0650", "0666", "0602", "99999999999999999999"}) {
        const auto mode = parse_pin_mode(text);
        ASSERT_FALSE(mode) << text;
        EXPECT_EQ(mode.error().kind(), bpfxx::ErrorKind::invalid) << text;
    }
}

TEST(FolderMode, LetsInWhoMayUseThePins)
{
    EXPECT_EQ(folder_mode(0600), 0700U);
    EXPECT_EQ(folder_mode(0640), 0750U);
    EXPECT_EQ(folder_mode(0660), 0750U);
    EXPECT_EQ(folder_mode(0644), 0755U);
}

/// A folder of its own, with files in the place of pins.
class PinAccessTest : public ::testing::Test {
protected:
    PinAccessTest()
    {
        std::string path = (std::filesystem::temp_directory_path() / "pin_access-XXXXXX").string();
        folder_ = ::mkdtemp(path.data());
    }
    ~PinAccessTest() override { std::filesystem::remove_all(folder_); }

    std::string make(const std::string& name, const std::string& text = {})
    {
        std::ofstream(folder_ / name) << text;
        ::chmod((folder_ / name).c_str(), 0600);
        return (folder_ / name).string();
    }
    [[nodiscard]] static ::mode_t mode_of(const std::string& path)
    {
        struct stat status = {};
        return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
    }

    std::filesystem::path folder_;
};

TEST_F(PinAccessTest, AGroupIsANumberOrANameInTheFile)
{
    const std::string file = make(
        "group", "root:x:0:\nshort\nempty:x::\nodd:x:12z:\nmonitoring:x:4242:alice,bob\n:x:7:\nlast:x:9");
    EXPECT_EQ(find_group("4711", file), 4711U);
    EXPECT_EQ(find_group("monitoring", file), 4242U);
    EXPECT_EQ(find_group("last", file), 9U);
    for (const char* name :
         {"nobody-there", "monitor", "monitoringx", "short", "empty", "odd", "4294967295", "-1"})
        EXPECT_FALSE(find_group(name, file)) << name;
    EXPECT_EQ(find_group("x", file).error().kind(), bpfxx::ErrorKind::not_found);
    EXPECT_EQ(find_group("5", (folder_ / "none").string()), 5U);
    EXPECT_FALSE(find_group("monitoring", (folder_ / "none").string()));
}

TEST_F(PinAccessTest, AllPinsAndTheFolderAreGivenAndThenNothingChanges)
{
    const std::string link = make("link");
    const std::string stats = make("stats_map");
    const PinAccess access{.mode = 0640, .group = ::getegid()};
    EXPECT_EQ(give_access(folder_.string(), access), true);
    EXPECT_EQ(mode_of(link), 0640U);
    EXPECT_EQ(mode_of(stats), 0640U);
    EXPECT_EQ(mode_of(folder_.string()), 0750U);
    EXPECT_EQ(give_access(folder_.string(), access), false);
    EXPECT_EQ(give_access(folder_.string(), {.mode = 0600, .group = {}}), true);
    EXPECT_EQ(mode_of(link), 0600U);
    EXPECT_EQ(mode_of(folder_.string()), 0700U);
}

TEST_F(PinAccessTest, ALinkOfTheFileSystemIsNotFollowed)
{
    const std::string target = make("target");
    std::filesystem::create_symlink(target, folder_ / "stats_map");
    const auto given = give_access(folder_.string(), {.mode = 0644, .group = {}});
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().kind(), bpfxx::ErrorKind::incompatible);
    EXPECT_EQ(mode_of(target), 0600U);
}

TEST_F(PinAccessTest, AFolderAboveThatBarsTheWayIsNamed)
{
    const std::filesystem::path above = folder_ / "above";
    const std::filesystem::path pins = above / "pins";
    std::filesystem::create_directories(pins);
    ::chmod(folder_.c_str(), 0755);
    ::chmod(above.c_str(), 0755);
    ::chmod(pins.c_str(), 0755);
    EXPECT_EQ(what_bars_the_way(pins.string()), "");
    ::chmod(above.c_str(), 0700);
    EXPECT_EQ(what_bars_the_way(pins.string()), above.string());
    ::chmod(pins.c_str(), 0700);
    EXPECT_EQ(what_bars_the_way(pins.string()), "") << "nobody else may use the pins";
    ::chmod(pins.c_str(), 0750);
    ::chmod(above.c_str(), 0710);
    EXPECT_EQ(what_bars_the_way(pins.string()), "") << "its group may pass";
}

} // namespace
} // namespace xdpstat
