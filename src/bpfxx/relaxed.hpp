// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "bpfxx/projection.hpp"

// Details.

// Reading memory that other CPUs write meanwhile.
namespace bpfxx::detail {

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

/// The same for one copy of a projection. A bit field that lies in more than one byte may be read in two halves.
inline void copy_relaxed(const Copy& copy, const std::byte* from, std::byte* to) noexcept
{
    if (copy.bits == 0) {
        copy_relaxed(from, to, copy.size);
        return;
    }
    std::byte bytes[sizeof(std::uint64_t) + 1] = {};
    copy_relaxed(from, bytes, copy.source_size());
    copy_bits(copy, bytes, to);
}

/// Values up to this many words are read word by word without a loop, so that they can stay in registers.
inline constexpr std::size_t most_words_unrolled = 32;

/// A value that is made of 64-bit words, each read atomically.
template <class V>
[[nodiscard, gnu::always_inline]] inline V read_words(const std::byte* from) noexcept
{
    constexpr std::size_t count = sizeof(V) / sizeof(std::uint64_t);
    V value; // NOLINT(cppcoreguidelines-pro-type-member-init): every word is written below
    auto* to = reinterpret_cast<std::byte*>(&value);
    const auto copy = [&](std::size_t word) {
        const auto read = load_relaxed<std::uint64_t>(from + word * sizeof(std::uint64_t));
        std::memcpy(to + word * sizeof(read), &read, sizeof(read));
    };
    if constexpr (count <= most_words_unrolled) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (copy(I), ...);
        }(std::make_index_sequence<count>());
    } else {
        for (std::size_t i = 0; i < count; i++)
            copy(i);
    }
    return value;
}

/// A value of which each field lies somewhere else.
template <class V>
[[nodiscard]] V read_projected(View<const Copy> projection, const std::byte* from) noexcept
{
    V value{};
    auto* to = reinterpret_cast<std::byte*>(&value);
    for (const Copy& copy : projection)
        copy_relaxed(copy, from + copy.from, to + copy.to);
    return value;
}

} // namespace bpfxx::detail
