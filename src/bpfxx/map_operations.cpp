// SPDX-License-Identifier: BSD-2-Clause
//
// The operations of a map without types: each is one system call on the caller's buffers.
#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include <bpf/bpf.h>

#include "bpfxx/map.hpp"

namespace bpfxx {

namespace {

/// The kernel's own number for "not with maps of this kind", which no C library names.
constexpr int not_supported = 524;

/// A key in an error message: its first bytes in hex, and all of them as a number where it may be one.
std::string in_words(Bytes key)
{
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::size_t most_bytes = 16;
    std::string text;
    for (const std::byte byte : key.first(std::min(key.size(), most_bytes))) {
        const auto value = std::to_integer<unsigned>(byte);
        text += (text.empty() ? "" : " ");
        text += digits[value / digits.size()];
        text += digits[value % digits.size()];
    }
    return text + (key.size() > most_bytes ? " ..." : "");
}

Error too_short(const Map& map, const char* what)
{
    return make_error(ErrorKind::invalid, "use", map.label(),
                      std::string("the buffer for its ") + what + " is too short");
}

/// The error of a system call, errno as it left it. @param key empty where it is about no key
Error failed(const Map& map, const std::string& operation, Bytes key, const char* hint = "")
{
    const int number = errno;
    const std::string object = (key.empty() ? "" : "key " + in_words(key) + " of ") +
                               map_type_name(map.info().type) + " " + map.label();
    Error error = system_error(operation, object, number, hint);
    if (number == not_supported || number == EOPNOTSUPP) {
        error.kind = ErrorKind::unsupported;
        error.cause = "the kernel cannot do it with maps of this kind";
    } else if (number == E2BIG) {
        error.cause = "it is full";
        error.hint =
            "it holds " + std::to_string(map.info().max_entries) + " entries: erase some, or make it larger";
    }
    return error;
}

/// The same of a batch, which older kernels know as little as maps of some kinds do.
Error batch_failed(const Map& map, const std::string& operation)
{
    const bool unknown = errno == EINVAL;
    Error error = failed(map, operation, {});
    if (unknown)
        error.kind = ErrorKind::unsupported;
    return error;
}

} // namespace

Result<bool> Map::lookup(Bytes key, MutableBytes value) const
{
    if (key.size() < info_.key_size || value.size() < lookup_size_)
        return std::unexpected(too_short(*this, key.size() < info_.key_size ? "keys" : "values"));
    if (bpf_map_lookup_elem(fd_.get(), key.data(), value.data()) == 0)
        return true;
    if (errno == ENOENT)
        return false;
    return std::unexpected(failed(*this, "read", key));
}

Result<> Map::update(Bytes key, Bytes value, Update mode) const
{
    if (key.size() < info_.key_size || value.size() < lookup_size_)
        return std::unexpected(too_short(*this, key.size() < info_.key_size ? "keys" : "values"));
    if (bpf_map_update_elem(fd_.get(), key.data(), value.data(), static_cast<__u64>(mode)) == 0)
        return {};
    return std::unexpected(failed(*this, "write", key));
}

Result<bool> Map::erase(Bytes key) const
{
    if (key.size() < info_.key_size)
        return std::unexpected(too_short(*this, "keys"));
    if (bpf_map_delete_elem(fd_.get(), key.data()) == 0)
        return true;
    if (errno == ENOENT)
        return false;
    return std::unexpected(failed(*this, "erase", key));
}

Result<bool> Map::lookup_and_erase(Bytes key, MutableBytes value) const
{
    if (key.size() < info_.key_size || value.size() < lookup_size_)
        return std::unexpected(too_short(*this, key.size() < info_.key_size ? "keys" : "values"));
    const void* at = info_.key_size == 0 ? nullptr : key.data(); // a queue has no keys
    if (bpf_map_lookup_and_delete_elem(fd_.get(), at, value.data()) == 0)
        return true;
    if (errno == ENOENT)
        return false;
    return std::unexpected(failed(*this, "take", key));
}

Result<bool> Map::next_key(Bytes previous, MutableBytes next) const
{
    if ((!previous.empty() && previous.size() < info_.key_size) || next.size() < info_.key_size)
        return std::unexpected(too_short(*this, "keys"));
    if (bpf_map_get_next_key(fd_.get(), previous.empty() ? nullptr : previous.data(), next.data()) == 0)
        return true;
    if (errno == ENOENT)
        return false;
    return std::unexpected(failed(*this, "go through", {}));
}

std::size_t Map::cursor_size() const noexcept
{
    // A hash map's place is the number of a bucket, any other's a key.
    return std::max<std::size_t>(info_.key_size, sizeof(__u32));
}

Result<Batch> Map::lookup_batch(MutableBytes cursor, bool from_start, MutableBytes keys, MutableBytes values,
                                std::uint32_t room) const
{
    if (cursor.size() < cursor_size() || keys.size() < std::size_t{room} * info_.key_size ||
        values.size() < room * lookup_size_)
        return std::unexpected(too_short(*this, "entries"));
    __u32 count = room;
    if (bpf_map_lookup_batch(fd_.get(), from_start ? nullptr : cursor.data(), cursor.data(), keys.data(),
                             values.data(), &count, nullptr) == 0)
        return Batch{.count = count, .is_last = false};
    if (errno == ENOENT)
        return Batch{.count = count, .is_last = true};
    return std::unexpected(batch_failed(*this, "read a batch of"));
}

Result<> Map::update_batch(Bytes keys, Bytes values, std::uint32_t count, Update mode,
                           std::uint32_t& done) const
{
    done = 0;
    if (keys.size() < std::size_t{count} * info_.key_size || values.size() < count * lookup_size_)
        return std::unexpected(too_short(*this, "entries"));
    LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = static_cast<__u64>(mode));
    __u32 dealt_with = count;
    const int result = bpf_map_update_batch(fd_.get(), keys.data(), values.data(), &dealt_with, &options);
    // Where the call itself is refused, the kernel leaves the count as it was.
    done = result == 0 || dealt_with < count ? dealt_with : 0;
    if (result == 0)
        return {};
    return std::unexpected(batch_failed(*this, "write a batch to"));
}

Result<> Map::erase_batch(Bytes keys, std::uint32_t count, std::uint32_t& done) const
{
    done = 0;
    if (keys.size() < std::size_t{count} * info_.key_size)
        return std::unexpected(too_short(*this, "keys"));
    __u32 dealt_with = count;
    const int result = bpf_map_delete_batch(fd_.get(), keys.data(), &dealt_with, nullptr);
    done = result == 0 || dealt_with < count ? dealt_with : 0;
    if (result == 0)
        return {};
    return std::unexpected(batch_failed(*this, "erase a batch from"));
}

} // namespace bpfxx
