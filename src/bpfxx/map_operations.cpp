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
Error failed(const Map& map, Text operation, Bytes key)
{
    const int number = errno;
    const std::string object = (key.empty() ? "" : "key " + in_words(key) + " of ") +
                               map_type_name(map.info().type) + " " + map.label();
    Error error = system_error(operation, object, number);
    if (number == not_supported || number == EOPNOTSUPP) {
        error.set_kind(ErrorKind::unsupported);
        error.set_cause("the kernel cannot do it with maps of this kind");
    }
    return error;
}

/// Kinds whose keys are the indexes of their entries, of which each is always there.
bool has_indexes(std::uint32_t type)
{
    switch (type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
        return true;
    default:
        return false;
    }
}

/// Says of a write that failed what its errno means for a map.
Error in_words_of_maps(Error error, const MapInfo& info, Update mode)
{
    const std::string holds = "it holds " + std::to_string(info.max_entries) + " entries";
    switch (error.error_number()) {
    case E2BIG:
        if (has_indexes(info.type)) {
            error.set_cause("it has no such entry");
            error.set_hint(holds + ", and the first has the index 0");
            break;
        }
        [[fallthrough]];
    case ENOSPC: // of a trie
        error.set_cause("it is full");
        error.set_hint(holds + ": erase some, or make it larger");
        break;
    case EEXIST:
        if (mode == Update::insert) {
            error.set_cause("the key is there already");
            error.set_hint(has_indexes(info.type)
                               ? "all entries of an array are there: an update can only replace"
                               : "to replace its value, update it in another mode than insert");
        }
        break;
    case ENOENT:
        if (mode == Update::replace) {
            error.set_cause("there is no such key");
            error.set_hint("to add it, update it in another mode than replace");
        }
        break;
    default:
        break;
    }
    return error;
}

/// The same of a batch, which older kernels know as little as maps of some kinds do.
Error batch_failed(const Map& map, Text operation)
{
    const bool unknown = errno == EINVAL;
    Error error = failed(map, operation, {});
    if (unknown)
        error.set_kind(ErrorKind::unsupported);
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
    return std::unexpected(in_words_of_maps(failed(*this, "write", key), info_, mode));
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
    return std::unexpected(in_words_of_maps(batch_failed(*this, "write a batch to"), info_, mode));
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
