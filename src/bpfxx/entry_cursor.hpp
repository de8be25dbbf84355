// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfxx/map.hpp"

// Details.

// What the typed maps and EntryReader share: going through a map's entries as bytes.
namespace bpfxx::detail {

/// Bytes that are kept from use to use. Move-only.
class Buffer {
public:
    /// Enough for any type but those that ask for more than a cache line.
    static constexpr std::size_t alignment = 64;

    Buffer() = default;
    Buffer(Buffer&& other) noexcept : data_(other.data_), size_(other.size_)
    {
        other.data_ = nullptr;
        other.size_ = 0;
    }
    Buffer& operator=(Buffer&& other) noexcept;
    ~Buffer()
    {
        if (data_ != nullptr)
            discard(data_);
    }

    /// Makes room for at least so many bytes; what was there is lost where it grows.
    void grow(std::size_t size);
    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static void discard(std::byte* data) noexcept;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Goes through the entries of a map, some at a time, as KeyedMap::for_each() promises it. Keeps its buffers, so that
/// nothing is allocated from the second time on.
class EntryCursor {
public:
    /// Begins, or begins again. @param in_batches whether to ask the kernel for batches at all
    void start(const Map& map, bool in_batches);
    /// Reads the next entries. Errors: as those of Map; busy where the map changes so fast that there is no end to it.
    [[nodiscard]] Result<> next(const Map& map);

    // What it read; borrowed until the next call.

    /// Entries; 0: there are no more.
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
    /// One behind the other.
    [[nodiscard]] const std::byte* keys() const noexcept { return at_keys_; }
    /// Likewise, each as a lookup gives it.
    [[nodiscard]] const std::byte* values() const noexcept { return values_.data(); }

private:
    enum class Way : std::uint8_t { first_batch, batches, first_entry, entries, over };
    void make_room(const Map& map, std::uint32_t entries);
    [[nodiscard]] Result<> next_batch(const Map& map);
    [[nodiscard]] Result<> next_entry(const Map& map);

    Buffer place_;
    Buffer keys_;
    Buffer values_;
    const std::byte* at_keys_ = nullptr;
    std::uint64_t steps_left_ = 0; ///< entry by entry
    std::uint32_t room_ = 0;       ///< entries of a batch
    std::uint32_t count_ = 0;
    std::uint32_t slot_ = 0; ///< of the next key among keys_, entry by entry
    Way way_ = Way::over;
};

} // namespace bpfxx::detail
