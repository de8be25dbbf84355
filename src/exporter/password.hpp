// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace xdpstat {

/// Whether a text is a hash of bcrypt: "$2y$10$" and 53 characters. Pure.
[[nodiscard]] bool is_bcrypt(std::string_view hash) noexcept;

/// The cost that is_bcrypt() hash says: each one more takes twice the time. Pure.
[[nodiscard]] int bcrypt_cost(std::string_view hash) noexcept;

/// Some seconds of a processor for each guess, which anybody may make.
inline constexpr int most_bcrypt_cost = 16;

/// Whether a password is that of the hash. Takes its time. Pure.
[[nodiscard]] bool is_password(const std::string& password, const std::string& hash);

/// What a client says who it is.
struct Login {
    std::string user;
    std::string password;
};

/// Reads the value of an Authorization header of the scheme Basic (RFC 7617); nothing where it is none. Pure.
[[nodiscard]] std::optional<Login> parse_basic(std::string_view authorization);

/// Who may come in. Checking a password takes bcrypt's tens of milliseconds once; then it is remembered, by a keyed hash and
/// not as it is. Neither a wrong name nor a wrong password is told apart by the time that it takes.
class Passwords {
public:
    /// @param users name to bcrypt hash
    explicit Passwords(std::map<std::string, std::string> users);

    [[nodiscard]] bool empty() const noexcept { return users_.empty(); }
    /// What an earlier check found. Not thread-safe.
    [[nodiscard]] std::optional<bool> remembered(const Login& login) const;
    /// Keeps what a check found. Not thread-safe.
    void remember(const Login& login, bool right);
    [[nodiscard]] bool has(const std::string& user) const { return users_.contains(user); }
    /// What to compare a password with: of a name that is not there, a hash that takes as long.
    [[nodiscard]] const std::string& hash_of(const std::string& user) const;

private:
    static constexpr std::size_t key_size = 32;
    using Fingerprint = std::array<unsigned char, 32>;
    /// Of the name, the password and the hash that it was compared with.
    [[nodiscard]] Fingerprint fingerprint_of(const Login& login) const;

    std::map<std::string, std::string> users_;
    std::string stranger_; ///< a hash that stands for a name that is not there
    std::array<unsigned char, key_size> key_{};
    std::map<Fingerprint, bool> known_;
    std::deque<Fingerprint> order_; ///< of known_, the oldest first
};

} // namespace xdpstat
