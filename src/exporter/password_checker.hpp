// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "exporter/password.hpp"

namespace xdpstat {

/// Compares passwords with their hashes on a thread of its own, one after the other: bcrypt cannot be interrupted, and takes
/// seconds where it is asked to. The thread ends with the process; nobody waits for it. For the thread that runs the
/// io_context, except as said.
class PasswordChecker {
public:
    /// The thread has the rights that the caller has left, and takes no signals. Throws std::system_error where there can be none.
    /// @param context what coroutines that check run in; may be made later, and is to be gone before this is
    explicit PasswordChecker(boost::asio::io_context& context);
    PasswordChecker(const PasswordChecker&) = delete;
    PasswordChecker& operator=(const PasswordChecker&) = delete;
    ~PasswordChecker();

    /// Whether the password is that of the hash.
    [[nodiscard]] boost::asio::awaitable<bool> check(std::string password, std::string hash);
    /// Drops what waits, and what comes of that which is being compared: to be called before the io_context is gone.
    void end();

private:
    struct Job;
    struct Shared;
    struct Waiter;
    void take(std::uint64_t number, bool right);

    std::shared_ptr<Shared> shared_;
    std::map<std::uint64_t, Waiter*> waiting_; ///< borrowed from coroutines
    std::uint64_t number_ = 0;
};

} // namespace xdpstat
