// SPDX-License-Identifier: BSD-2-Clause
#include <chrono>
#include <exception>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "exporter/password.hpp"
#include "exporter/password_checker.hpp"

namespace xdpstat {

namespace {

namespace asio = boost::asio;

/// Of "secret".
const std::string cheap_hash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
/// Of no password that anybody knows; takes seconds.
const std::string dear_hash = "$2y$16$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

TEST(Passwords, KnowWhatAHashIs)
{
    EXPECT_TRUE(is_bcrypt(cheap_hash));
    EXPECT_EQ(bcrypt_cost(cheap_hash), 4);
    EXPECT_EQ(bcrypt_cost(dear_hash), most_bcrypt_cost);
    for (const char* other : {"", "secret", "$2y$10$", "$6$abc$def"})
        EXPECT_FALSE(is_bcrypt(other)) << other;
    EXPECT_TRUE(is_password("secret", cheap_hash));
    EXPECT_FALSE(is_password("Secret", cheap_hash));
    EXPECT_FALSE(is_password(std::string("secret\0x", 8), cheap_hash));
}

/// In the order in which a server has them.
struct Loop {
    asio::io_context& context() { return context_; }

    PasswordChecker checker{context_};

    Loop() = default;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() { checker.end(); }

private:
    asio::io_context context_{1};
};

TEST(PasswordChecker, SaysWhatIsRight)
{
    Loop loop;
    int right = 0;
    int wrong = 0;
    for (const char* password : {"secret", "Secret", "secret", ""})
        asio::co_spawn(loop.context(), loop.checker.check(password, cheap_hash),
                       [&](const std::exception_ptr&, bool found) { found ? right++ : wrong++; });
    loop.context().run();
    EXPECT_EQ(right, 2);
    EXPECT_EQ(wrong, 2);
}

TEST(PasswordChecker, EndsWithoutWaiting)
{
    const auto begin = std::chrono::steady_clock::now();
    int told = 0;
    {
        Loop loop;
        for (int count = 0; count < 8; count++)
            asio::co_spawn(loop.context(), loop.checker.check("secret", dear_hash),
                           [&](const std::exception_ptr&, bool) { told++; });
        loop.context().run_for(std::chrono::milliseconds(100));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_EQ(told, 0);
}

} // namespace

} // namespace xdpstat
