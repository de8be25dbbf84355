// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/entry_cursor.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <utility>

namespace bpfxx::detail {

namespace {

/// A batch is large enough to make the call's own cost vanish, and small enough for a cache.
constexpr std::uint32_t most_first_room = 256; // entries
constexpr std::size_t most_first_bytes = std::size_t{1} << 20U;

std::uint32_t first_room(const Map& map)
{
    const std::size_t fitting = most_first_bytes / std::max<std::size_t>(1, map.lookup_size());
    const std::uint32_t most = std::min(most_first_room, std::max(1U, map.info().max_entries));
    return std::clamp(static_cast<std::uint32_t>(fitting), 1U, most);
}

} // namespace

Buffer& Buffer::operator=(Buffer&& other) noexcept
{
    const Buffer old(std::move(*this));
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
}

void Buffer::grow(std::size_t size)
{
    if (size <= size_)
        return;
    *this = Buffer();
    data_ = static_cast<std::byte*>(::operator new(size, std::align_val_t{alignment}));
    size_ = size;
    std::fill_n(data_, size, std::byte{});
}

void Buffer::discard(std::byte* data) noexcept
{
    ::operator delete(data, std::align_val_t{alignment});
}

void EntryCursor::make_room(const Map& map, std::uint32_t entries)
{
    room_ = entries;
    keys_.grow(std::size_t{entries} * map.info().key_size);
    values_.grow(entries * map.lookup_size());
}

void EntryCursor::start(const Map& map, bool in_batches)
{
    way_ = in_batches ? Way::first_batch : Way::first_entry;
    if (in_batches && room_ == 0)
        make_room(map, first_room(map));
    place_.grow(map.cursor_size());
}

Result<> EntryCursor::next(const Map& map)
{
    count_ = 0;
    if (way_ == Way::first_batch || way_ == Way::batches)
        return next_batch(map);
    if (way_ == Way::first_entry || way_ == Way::entries)
        return next_entry(map);
    return {};
}

Result<> EntryCursor::next_batch(const Map& map)
{
    const std::uint32_t most = map.info().max_entries;
    while (count_ == 0 && way_ != Way::over) {
        const auto batch = map.lookup_batch(place_, way_ == Way::first_batch, keys_, values_, room_);
        if (!batch && batch.error().error_number() == ENOSPC && room_ < most) {
            // A bucket that holds more: from the same place again.
            make_room(map, room_ > most / 2 ? most : room_ * 2);
            continue;
        }
        if (!batch && batch.error().kind() == ErrorKind::unsupported && way_ == Way::first_batch) {
            way_ = Way::first_entry;
            return next_entry(map);
        }
        if (!batch)
            return std::unexpected(batch.error());
        count_ = batch->count;
        way_ = batch->is_last ? Way::over : Way::batches;
    }
    at_keys_ = keys_.data();
    return {};
}

Result<> EntryCursor::next_entry(const Map& map)
{
    const std::size_t size = map.info().key_size;
    const auto slot = [&](std::uint32_t number) { return MutableBytes(keys_.data() + number * size, size); };
    if (way_ == Way::first_entry) {
        keys_.grow(size * 2);
        values_.grow(map.lookup_size());
        slot_ = 0;
        // A key that is erased under the walk leads back to the start, as often as that happens.
        steps_left_ = 16 + std::uint64_t{map.info().max_entries} * 8;
        const auto first = map.next_key({}, slot(0));
        if (!first)
            return std::unexpected(first.error());
        way_ = *first ? Way::entries : Way::over;
    }
    while (way_ != Way::over) {
        if (steps_left_-- == 0)
            return std::unexpected(make_error(ErrorKind::busy, "go through", map.label(),
                                              "entries are erased faster than they are read",
                                              "read it again, or on a kernel with batches (5.6)"));
        const MutableBytes key = slot(slot_);
        slot_ = 1 - slot_;
        // Asked for before the visit, which may erase this one.
        const auto more = map.next_key(key, slot(slot_));
        const auto found = map.lookup(key, values_);
        if (!more || !found)
            return std::unexpected(!more ? more.error() : found.error());
        if (!*more)
            way_ = Way::over;
        if (!*found)
            continue;
        at_keys_ = key.data();
        count_ = 1;
        break;
    }
    return {};
}

} // namespace bpfxx::detail
