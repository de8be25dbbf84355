// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bpfxx/layout.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/projection.hpp"
#include "bpfxx/relaxed.hpp"

namespace bpfxx {

/// An mmapable BPF_MAP_TYPE_ARRAY of V, mapped read-only: from open() on, reading makes no system call, needs no
/// capability and allocates nothing. Kernel 5.5. Reading is thread-safe; each word is read atomically, a whole
/// value is not: a writer may be between two fields.
/// @tparam V a type described by BPFXX_DESCRIBE, or an integer; made of 64-bit words where it is read directly
template <class V>
class MappedArray : public OpensMaps<MappedArray<V>> {
public:
    /// Checks the layout, maps the values and closes the map's descriptor.
    /// Errors: as Map::check_value; unsupported where the map is not mmapable.
    [[nodiscard]] static Result<MappedArray> open(Map map, Proof proof = Proof::btf);

    /// Entries.
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    /// A copy of one entry. @param index below size(): it is not checked
    [[nodiscard]] V read(std::uint32_t index) const noexcept;
    /// Calls visit(index, value) for each entry in order. Faster than read() in a loop: small values stay in registers.
    template <class Visit>
    [[gnu::always_inline]] void for_each(Visit visit) const;
    /// The sum of all entries, word by word, where V is made of unsigned 64-bit integers alone; what was in it is
    /// overwritten. In place wherever it is used: a small sum stays in registers to the end. One that goes through
    /// memory is written by words and copied by pairs of them, and each pair waits for both of its stores.
    [[gnu::always_inline]] void sum_to(V& sum) const noexcept;
    /// The comparison by which the map was opened, of layout_report.hpp; null where only the size was compared. Borrowed.
    [[nodiscard]] const LayoutReport* layout() const noexcept { return layout_.report(); }
    /// As it was when the map was opened.
    [[nodiscard]] const MapInfo& info() const noexcept { return info_; }

private:
    MappedArray(Mapping mapping, const MapInfo& info, Layout layout);
    /// The sum where entries are read by projection. By value, so that sum_to() needs no address.
    [[nodiscard, gnu::noinline]] V sum_projected() const noexcept;
    /// Words first + I of the sum.
    template <std::size_t... I>
    [[gnu::always_inline]] void sum_block(V& sum, std::size_t first,
                                          std::index_sequence<I...> words) const noexcept;

    static constexpr Copy whole_value[] = {{.size = sizeof(V)}};

    Mapping mapping_;
    const std::byte* values_;
    std::uint32_t size_;
    std::uint32_t stride_; ///< bytes
    bool direct_;          ///< the map's values are V, byte for byte
    MapInfo info_;
    Layout layout_;
    View<const Copy> projection_; ///< how to read it where it is not direct; of layout_
};

// Details.

template <class V>
MappedArray<V>::MappedArray(Mapping mapping, const MapInfo& info, Layout layout)
    : mapping_(std::move(mapping)), values_(mapping_.data()), size_(info.max_entries),
      stride_(value_stride(info.value_size)),
      direct_(sizeof(V) % sizeof(std::uint64_t) == 0 && layout.is_direct()), info_(info),
      layout_(std::move(layout)),
      projection_(layout_.report() != nullptr ? layout_.projection() : View<const Copy>(whole_value))
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
V MappedArray<V>::read(std::uint32_t index) const noexcept
{
    const std::byte* from = values_ + std::size_t{index} * stride_;
    return direct_ ? detail::read_words<V>(from) : detail::read_projected<V>(projection_, from);
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
            visit(index, detail::read_projected<V>(projection_, from));
}

template <class V>
inline void MappedArray<V>::sum_to(V& sum) const noexcept
{
    static_assert(is_made_of_u64(shape<V>));
    constexpr std::size_t count = sizeof(V) / sizeof(std::uint64_t);
    if (!direct_) [[unlikely]] {
        sum = sum_projected();
        return;
    }
    // Blocks of a large value one after the other: each stays in registers while the slots are gone through, and what is
    // read at a time is a cache line of each.
    constexpr std::size_t block = count <= detail::most_words_unrolled ? count : 8;
    for (std::size_t first = 0; first + block <= count; first += block)
        sum_block(sum, first, std::make_index_sequence<block>());
    if constexpr (count % block != 0)
        sum_block(sum, count - count % block, std::make_index_sequence<count % block>());
}

template <class V>
template <std::size_t... I>
inline void MappedArray<V>::sum_block(V& sum, std::size_t first, std::index_sequence<I...>) const noexcept
{
    const std::byte* from = values_ + first * sizeof(std::uint64_t);
    std::uint64_t words[sizeof...(I)] = {};
    for (std::uint32_t index = 0; index < size_; index++, from += stride_)
        ((words[I] += detail::load_relaxed<std::uint64_t>(from + I * sizeof(std::uint64_t))), ...);
    (detail::set_word(sum, first + I, words[I]), ...);
}

template <class V>
V MappedArray<V>::sum_projected() const noexcept
{
    V sum{};
    const std::byte* from = values_;
    for (std::uint32_t index = 0; index < size_; index++, from += stride_)
        add_words(sum, detail::read_projected<V>(projection_, from));
    return sum;
}

} // namespace bpfxx
