// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/error.hpp"

#include <cerrno>
#include <utility>

#include <gtest/gtest.h>

namespace {

using bpfxx::Error;
using bpfxx::ErrorKind;

Error refused()
{
    return bpfxx::system_error("open", "/the/map", EACCES, "run as root");
}

TEST(ErrorTest, SaysItsPartsInOneLine)
{
    const Error error = refused();
    EXPECT_EQ(error.kind(), ErrorKind::permission);
    EXPECT_EQ(error.operation(), "open");
    EXPECT_EQ(error.object(), "/the/map");
    EXPECT_EQ(error.error_number(), EACCES);
    EXPECT_EQ(error.cause(), "Permission denied");
    EXPECT_EQ(error.hint(), "run as root");
    EXPECT_EQ(error.detail(), "");
    EXPECT_EQ(error.message(), "cannot open /the/map: Permission denied; run as root");
    EXPECT_EQ(bpfxx::make_error(ErrorKind::busy, "list maps", "", "it is busy").message(),
              "cannot list maps: it is busy");
}

TEST(ErrorTest, IsChangedByWhoKnowsMore)
{
    Error error = refused();
    error.set_kind(ErrorKind::unsupported);
    error.set_operation("use");
    error.set_object("the map");
    error.set_cause("it is too old");
    error.set_hint("");
    error.set_detail("line\n");
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_EQ(error.message(), "cannot use the map: it is too old");
    EXPECT_EQ(error.detail(), "line\n");
    EXPECT_EQ(bpfxx::errno_of(error), EOPNOTSUPP);
}

TEST(ErrorTest, ACopyHasPartsOfItsOwn)
{
    Error error = refused();
    Error copy = error;
    copy.set_object("another");
    EXPECT_EQ(error.object(), "/the/map");
    error = copy;
    EXPECT_EQ(error.object(), "another");
    const Error& same = error;
    error = same;
    EXPECT_EQ(error.object(), "another");
}

TEST(ErrorTest, IsSafeToAskWhenMovedFrom)
{
    Error error = refused();
    const Error moved = std::move(error);
    EXPECT_EQ(moved.object(), "/the/map");
    // NOLINTBEGIN(bugprone-use-after-move): this is what is tested
    EXPECT_EQ(error.kind(), ErrorKind::system);
    EXPECT_EQ(error.message(), "");
    EXPECT_EQ(error.detail(), "");
    EXPECT_EQ(bpfxx::errno_of(error), EIO);
    const Error copy = error;
    EXPECT_EQ(copy.object(), "");
    error.set_cause("it was moved");
    EXPECT_EQ(error.cause(), "it was moved");
    // NOLINTEND(bugprone-use-after-move)
    EXPECT_EQ(sizeof(Error), sizeof(void*));
}

} // namespace
