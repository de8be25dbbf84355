// SPDX-License-Identifier: BSD-2-Clause
#include "counter/netlink.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "bpfxx/fd.hpp"
#include "counter/default_route.hpp"

namespace xdpstat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::byte> message(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> payload)
{
    struct nlmsghdr header = {};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + payload.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    std::vector<std::byte> bytes(NLMSG_ALIGN(header.nlmsg_len));
    std::memcpy(bytes.data(), &header, sizeof header);
    std::ranges::copy(payload, bytes.begin() + NLMSG_HDRLEN);
    return bytes;
}

std::vector<std::byte> message(std::uint16_t type, std::uint16_t flags, std::int32_t number)
{
    return message(type, flags, std::as_bytes(std::span(&number, 1)));
}

class Answers : public ::testing::Test {
protected:
    void add(const std::vector<std::byte>& bytes)
    {
        datagram_.insert(datagram_.end(), bytes.begin(), bytes.end());
    }
    std::expected<AnswersSeen, int> visit(bool is_dump)
    {
        return visit_answers(datagram_, is_dump, [&](std::span<const std::byte> answer) {
            std::int32_t number = 0;
            std::memcpy(&number, answer.data(), sizeof number);
            numbers_.push_back(number);
        });
    }
    /// 0 where it has none.
    int error_of_dump()
    {
        const auto seen = visit(true);
        return seen ? 0 : seen.error();
    }

    std::vector<std::byte> datagram_;
    std::vector<std::int32_t> numbers_;
};

TEST_F(Answers, GoOnUntilTheLast)
{
    add(message(RTM_NEWROUTE, 0, 1));
    add(message(RTM_NEWROUTE, 0, 2));
    auto seen = visit(true);
    ASSERT_TRUE(seen);
    EXPECT_FALSE(seen->is_last);
    EXPECT_THAT(numbers_, ElementsAre(1, 2));

    add(message(NLMSG_DONE, 0, 0));
    seen = visit(true);
    ASSERT_TRUE(seen);
    EXPECT_TRUE(seen->is_last);
    EXPECT_FALSE(seen->is_interrupted);
}

TEST_F(Answers, OfNoDumpAreOne)
{
    add(message(RTM_NEWROUTE, 0, 1));
    add(message(RTM_NEWROUTE, 0, 2));
    const auto seen = visit(false);
    ASSERT_TRUE(seen);
    EXPECT_TRUE(seen->is_last);
    EXPECT_THAT(numbers_, ElementsAre(1));
}

TEST_F(Answers, SayWhereADumpWasInterrupted)
{
    add(message(RTM_NEWROUTE, NLM_F_DUMP_INTR, 1));
    add(message(NLMSG_DONE, 0, 0));
    const auto seen = visit(true);
    ASSERT_TRUE(seen);
    EXPECT_TRUE(seen->is_last);
    EXPECT_TRUE(seen->is_interrupted);
}

TEST_F(Answers, MayEndWithAnError)
{
    add(message(NLMSG_DONE, 0, -EOPNOTSUPP));
    EXPECT_EQ(error_of_dump(), EOPNOTSUPP);
    datagram_.clear();
    const struct nlmsgerr refused = {.error = -EPERM, .msg = {}};
    add(message(NLMSG_ERROR, 0, std::as_bytes(std::span(&refused, 1))));
    EXPECT_EQ(error_of_dump(), EPERM);
    datagram_.resize(NLMSG_HDRLEN);
    EXPECT_EQ(error_of_dump(), EBADMSG);
    EXPECT_THAT(numbers_, IsEmpty());
}

// The kernel runs the same filter on sockets of any kind.
TEST(DefaultRoutes, AreTheOnlyOnesThatPass)
{
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    const bpfxx::Fd kernel(ends[0]);
    const bpfxx::Fd reader(ends[1]);
    ASSERT_TRUE(pass_default_routes_only(reader.get()));
    std::vector<std::byte> default_route;
    for (const unsigned char length : std::array<unsigned char, 3>{24, 0, 128}) {
        struct rtmsg route = {};
        route.rtm_family = AF_INET;
        route.rtm_dst_len = length;
        const auto bytes = message(RTM_NEWROUTE, 0, std::as_bytes(std::span(&route, 1)));
        ASSERT_EQ(::send(kernel.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
        if (length == 0)
            default_route = bytes;
    }
    std::vector<std::byte> received(256);
    const ssize_t size = ::recv(reader.get(), received.data(), received.size(), 0);
    ASSERT_GT(size, 0);
    received.resize(static_cast<std::size_t>(size));
    EXPECT_EQ(received, default_route);
    EXPECT_EQ(::recv(reader.get(), received.data(), received.size(), 0), -1);
}

} // namespace
} // namespace xdpstat
