// SPDX-License-Identifier: BSD-2-Clause
#include "counter/pins.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xdpstat {
namespace {

using ::testing::ElementsAre;

/// A root with two folders, each holding a file that tells whose it was. The renames are those of any file system.
class Exchange : public ::testing::Test {
protected:
    Exchange()
    {
        std::string path = (std::filesystem::temp_directory_path() / "pins_test-XXXXXX").string();
        root_ = ::mkdtemp(path.data());
        make("a", "a");
        make("b", "b");
    }
    ~Exchange() override { std::filesystem::remove_all(root_); }

    void make(const std::string& folder, const std::string& owner)
    {
        std::filesystem::create_directory(root_ / folder);
        std::ofstream(root_ / folder / owner).put('\n');
    }
    void move(const std::string& from, const std::string& to)
    {
        std::filesystem::rename(root_ / from, root_ / to);
    }
    [[nodiscard]] std::string path(const std::string& folder) const { return (root_ / folder).string(); }
    /// Every folder with what it holds.
    [[nodiscard]] std::set<std::string> state() const
    {
        std::set<std::string> found;
        for (const auto& folder : std::filesystem::directory_iterator(root_))
            for (const auto& file : std::filesystem::directory_iterator(folder))
                found.insert(std::filesystem::relative(file.path(), root_).string());
        return found;
    }

private:
    std::filesystem::path root_;
};

TEST_F(Exchange, ChangesTwoFolders)
{
    ASSERT_TRUE(exchange_in_steps(path("a"), path("b")));
    EXPECT_THAT(state(), ElementsAre("a/b", "b/a"));
}

TEST_F(Exchange, IsUndoneWhereOnlyTheFirstStepWasMade)
{
    move("a", "%moving-a%-b");
    ASSERT_TRUE(mend_folders(path("")));
    EXPECT_THAT(state(), ElementsAre("a/a", "b/b"));
}

TEST_F(Exchange, IsEndedWhereTheSecondStepWasMade)
{
    move("a", "%moving-a%-b");
    move("b", "a");
    ASSERT_TRUE(mend_folders(path("")));
    EXPECT_THAT(state(), ElementsAre("a/b", "b/a"));
}

/// The names of the steps are those that exchange_in_steps() makes: seen where the second step cannot be done.
TEST_F(Exchange, LeavesWhatTheNextOneMends)
{
    std::filesystem::remove_all(path("b"));
    EXPECT_FALSE(exchange_in_steps(path("a"), path("b")));
    EXPECT_THAT(state(), ElementsAre("%moving-a%-b/a"));
    make("b", "b");
    ASSERT_TRUE(mend_folders(path("")));
    EXPECT_THAT(state(), ElementsAre("a/a", "b/b"));
}

} // namespace
} // namespace xdpstat
