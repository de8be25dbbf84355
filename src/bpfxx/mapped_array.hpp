// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "bpfxx/map.hpp"

namespace bpfxx {

/// An mmapable BPF_MAP_TYPE_ARRAY of V, mapped read-only: from open() on, reading makes no system call, needs no
/// capability and allocates nothing. Kernel 5.5. Reading is thread-safe; each word is read atomically, a whole
/// value is not: a writer may be between two fields.
/// @tparam V a type described by BPFXX_DESCRIBE, or an integer; made of 64-bit words where it is read directly
template <class V>
class MappedArray {
public:
    /// Checks the layout, maps the values and closes the map's descriptor.
    /// Errors: as Map::check_value; unsupported where the map is not mmapable.
    [[nodiscard]] static Result<MappedArray> open(Map map, Proof proof = Proof::btf);
    /// The map pinned at a path. Errors: also those of Map::open_pinned.
    [[nodiscard]] static Result<MappedArray> open_pinned(const std::string& path, Proof proof = Proof::btf);

    /// Entries.
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    /// A copy of one entry. @param index below size(): it is not checked
    [[nodiscard]] V read(std::uint32_t index) const noexcept;
    /// Calls visit(index, value) for each entry in order. Faster than read() in a loop: small values stay in registers.
    template <class Visit>
    [[gnu::always_inline]] void for_each(Visit visit) const;
    /// Adds every entry to a total, word by word, where V is made of unsigned 64-bit integers alone.
    void add_to(V& total) const noexcept;
    /// The comparison by which the map was opened; empty where only the size was compared.
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return layout_; }
    /// As it was when the map was opened.
    [[nodiscard]] const MapInfo& info() const noexcept { return info_; }

private:
    [[nodiscard]] V read_projected(const std::byte* from) const noexcept;
    MappedArray(Mapping mapping, MapInfo info, std::optional<LayoutReport> layout);

    Mapping mapping_;
    const std::byte* values_;
    std::uint32_t size_;
    std::uint32_t stride_; ///< bytes
    bool direct_;          ///< the map's values are V, byte for byte
    MapInfo info_;
    std::optional<LayoutReport> layout_;
};

// Details.

namespace detail {

/// A relaxed atomic load of memory that another CPU writes.
template <class Word>
[[nodiscard]] inline Word load_relaxed(const std::byte* from) noexcept
{
    return __atomic_load_n(reinterpret_cast<const Word*>(from), __ATOMIC_RELAXED);
}

/// Copies by relaxed atomic loads as wide as the source's alignment allows, so that no field of up to 8 bytes
/// that is aligned as C aligns it is read in two halves.
inline void copy_relaxed(const std::byte* from, std::byte* to, std::size_t size) noexcept
{
    const auto copy = [&]<class Word>(Word) {
        if (size < sizeof(Word) || reinterpret_cast<std::uintptr_t>(from) % sizeof(Word) != 0)
            return false;
        const Word word = load_relaxed<Word>(from);
        std::memcpy(to, &word, sizeof(Word));
        from += sizeof(Word);
        to += sizeof(Word);
        size -= sizeof(Word);
        return true;
    };
    while (size > 0)
        copy(std::uint64_t{}) || copy(std::uint32_t{}) || copy(std::uint16_t{}) || copy(std::uint8_t{});
}

/// Values up to this many words are read word by word without a loop, so that they can stay in registers.
inline constexpr std::size_t most_words_unrolled = 32;

/// A value that is made of 64-bit words, each read atomically.
template <class V>
[[nodiscard, gnu::always_inline]] inline V read_words(const std::byte* from) noexcept
{
    constexpr std::size_t count = sizeof(V) / sizeof(std::uint64_t);
    V value; // NOLINT(cppcoreguidelines-pro-type-member-init): every word is written below
    auto* words = reinterpret_cast<AnyWord*>(&value);
    if constexpr (count <= most_words_unrolled) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((words[I] = load_relaxed<std::uint64_t>(from + I * sizeof(std::uint64_t))), ...);
        }(std::make_index_sequence<count>());
    } else {
        for (std::size_t i = 0; i < count; i++)
            words[i] = load_relaxed<std::uint64_t>(from + i * sizeof(std::uint64_t));
    }
    return value;
}

} // namespace detail

template <class V>
MappedArray<V>::MappedArray(Mapping mapping, MapInfo info, std::optional<LayoutReport> layout)
    : mapping_(std::move(mapping)), values_(mapping_.data()), size_(info.max_entries),
      stride_(value_stride(info.value_size)),
      direct_(sizeof(V) % sizeof(std::uint64_t) == 0 && (!layout || layout->outcome == Outcome::same)),
      info_(std::move(info)), layout_(std::move(layout))
{
}

template <class V>
Result<MappedArray<V>> MappedArray<V>::open(Map map, Proof proof)
{
    auto layout = map.check_value(shape<V>, proof);
    if (!layout)
        return std::unexpected(std::move(layout).error());
    auto mapping = map.map_read_only();
    if (!mapping)
        return std::unexpected(std::move(mapping).error());
    return MappedArray(std::move(*mapping), map.info(), std::move(*layout));
}

template <class V>
Result<MappedArray<V>> MappedArray<V>::open_pinned(const std::string& path, Proof proof)
{
    auto map = Map::open_pinned(path);
    if (!map)
        return std::unexpected(std::move(map).error());
    return open(std::move(*map), proof);
}

template <class V>
V MappedArray<V>::read(std::uint32_t index) const noexcept
{
    const std::byte* from = values_ + std::size_t{index} * stride_;
    return direct_ ? detail::read_words<V>(from) : read_projected(from);
}

template <class V>
template <class Visit>
inline void MappedArray<V>::for_each(Visit visit) const
{
    const std::byte* from = values_;
    // Two loops: a value that either way may make would have to pass through memory.
    if (direct_)
        for (std::uint32_t index = 0; index < size_; index++, from += stride_)
            visit(index, detail::read_words<V>(from));
    else
        for (std::uint32_t index = 0; index < size_; index++, from += stride_)
            visit(index, read_projected(from));
}

template <class V>
void MappedArray<V>::add_to(V& total) const noexcept
{
    static_assert(is_made_of_u64(shape<V>));
    constexpr std::size_t count = sizeof(V) / sizeof(std::uint64_t);
    auto* sums = reinterpret_cast<detail::AnyWord*>(&total);
    const std::byte* from = values_;
    if (!direct_) {
        for (std::uint32_t index = 0; index < size_; index++, from += stride_)
            add_words(total, read_projected(from));
    } else if constexpr (count <= detail::most_words_unrolled) {
        // In registers to the end, as far as there are so many.
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            std::uint64_t words[count] = {sums[I]...};
            for (std::uint32_t index = 0; index < size_; index++, from += stride_)
                ((words[I] += detail::load_relaxed<std::uint64_t>(from + I * sizeof(std::uint64_t))), ...);
            ((sums[I] = words[I]), ...);
        }(std::make_index_sequence<count>());
    } else {
        for (std::uint32_t index = 0; index < size_; index++, from += stride_)
            for (std::size_t i = 0; i < count; i++)
                sums[i] += detail::load_relaxed<std::uint64_t>(from + i * sizeof(std::uint64_t));
    }
}

template <class V>
V MappedArray<V>::read_projected(const std::byte* from) const noexcept
{
    V value{};
    auto* to = reinterpret_cast<std::byte*>(&value);
    if (layout_)
        for (const Copy& copy : layout_->projection)
            detail::copy_relaxed(from + copy.from, to + copy.to, copy.size);
    else
        detail::copy_relaxed(from, to, sizeof(V));
    return value;
}

} // namespace bpfxx
