// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/password.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace xdpstat {

namespace {

constexpr std::size_t bcrypt_size = 60;
/// What is remembered at once. Who guesses fills it, and takes bcrypt's time for each guess.
constexpr std::size_t most_remembered = 128;
/// Of no password that anybody knows; as expensive as what htpasswd and the toolkit's page make.
constexpr const char* nobodys_hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

std::optional<unsigned> base64_value(char c) noexcept
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t at = digits.find(c);
    return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<unsigned>(at));
}

/// RFC 4648, with its padding or without.
std::optional<std::string> decode_base64(std::string_view text)
{
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto value = base64_value(c);
        if (!value)
            return std::nullopt;
        bits = (bits << 6 | *value) & 0xffffU;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count & 0xffU);
        }
    }
    return bytes;
}

bool same(std::string_view one, std::string_view other) noexcept
{
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

} // namespace

bool is_bcrypt(std::string_view hash) noexcept
{
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_of_salt = [&](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
    };
    if (hash.size() != bcrypt_size || !hash.starts_with("$2") ||
        std::string_view("aby").find(hash[2]) == std::string_view::npos)
        return false;
    if (hash[3] != '$' || !is_digit(hash[4]) || !is_digit(hash[5]) || hash[6] != '$')
        return false;
    const int cost = bcrypt_cost(hash);
    return cost >= 4 && cost <= 31 && std::ranges::all_of(hash.substr(7), is_of_salt);
}

int bcrypt_cost(std::string_view hash) noexcept
{
    return (hash[4] - '0') * 10 + (hash[5] - '0');
}

bool is_password(const std::string& password, const std::string& hash)
{
    // Tens of kilobytes: not on the stack.
    const auto data = std::make_unique<struct crypt_data>();
    std::memset(data.get(), 0, sizeof *data);
    const char* found = ::crypt_r(password.c_str(), hash.c_str(), data.get());
    const bool right = found != nullptr && same(found, hash) && password.find('\0') == std::string::npos;
    OPENSSL_cleanse(data.get(), sizeof *data);
    return right;
}

std::optional<Login> parse_basic(std::string_view authorization)
{
    constexpr std::string_view scheme = "basic ";
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (authorization.size() < scheme.size() ||
        !std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, lower))
        return std::nullopt;
    authorization.remove_prefix(scheme.size());
    while (authorization.starts_with(' '))
        authorization.remove_prefix(1);
    const auto decoded = decode_base64(authorization);
    if (!decoded)
        return std::nullopt;
    const std::size_t colon = decoded->find(':');
    if (colon == std::string::npos)
        return std::nullopt;
    return Login{.user = decoded->substr(0, colon), .password = decoded->substr(colon + 1)};
}

Passwords::Passwords(std::map<std::string, std::string> users)
    : users_(std::move(users)), stranger_(nobodys_hash)
{
    // As expensive as those that are there, else the time would tell which names are.
    if (!users_.empty())
        stranger_.replace(4, 2, users_.begin()->second, 4, 2);
    // Where there is no randomness, nothing is remembered by a key that could be known.
    if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
        key_.fill(0);
}

const std::string& Passwords::hash_of(const std::string& user) const
{
    const auto found = users_.find(user);
    return found == users_.end() ? stranger_ : found->second;
}

Passwords::Fingerprint Passwords::fingerprint_of(const Login& login) const
{
    std::string text = hash_of(login.user);
    text += std::to_string(login.user.size()) + ':' + login.user + login.password;
    Fingerprint fingerprint{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), fingerprint.data(), &size);
    OPENSSL_cleanse(text.data(), text.size());
    return fingerprint;
}

std::optional<bool> Passwords::remembered(const Login& login) const
{
    const auto found = known_.find(fingerprint_of(login));
    return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void Passwords::remember(const Login& login, bool right)
{
    const Fingerprint fingerprint = fingerprint_of(login);
    if (!known_.emplace(fingerprint, right).second)
        return;
    order_.push_back(fingerprint);
    if (order_.size() > most_remembered) {
        known_.erase(order_.front());
        order_.pop_front();
    }
}

} // namespace xdpstat
