// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace bpfxx {

/// An integer whose bytes lie in memory in one order on every machine, as addresses and ports of a packet do. Reads
/// and writes as the plain integer: `key.port = 443; if (key.port > 1023) ...`. As large and as aligned as T, and like
/// T without a value until it is given one, so it may stand in a union.
/// @tparam T an unsigned integer of 2, 4 or 8 bytes
template <class T, std::endian order>
class FixedEndian {
    static_assert(std::is_unsigned_v<T> && (sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8),
                  "an unsigned integer of 2, 4 or 8 bytes");

public:
    /// Without a value, like T.
    FixedEndian() = default;
    /// Of a number. Implicit, and so is the way back: it stands for the number.
    constexpr FixedEndian(T value) noexcept : stored_(swapped(value)) {}

    /// The number.
    [[nodiscard]] constexpr T value() const noexcept { return swapped(stored_); }
    /// The number.
    constexpr operator T() const noexcept { return value(); }

    /// The bytes as they lie in memory, taken for a T: what `sin_addr.s_addr` and `__be32` hold.
    [[nodiscard]] constexpr T stored() const noexcept { return stored_; }
    /// Of bytes as they lie in memory, such as those of a `__be32`.
    [[nodiscard]] static constexpr FixedEndian from_stored(T stored) noexcept
    {
        FixedEndian result(0);
        result.stored_ = stored;
        return result;
    }

private:
    [[nodiscard]] static constexpr T swapped(T value) noexcept
    {
        return order == std::endian::native ? value : std::byteswap(value);
    }
    T stored_;
};

/// Network order: BTF's __be16, __be32, __be64.
template <class T>
using BigEndian = FixedEndian<T, std::endian::big>;
/// BTF's __le16, __le32, __le64.
template <class T>
using LittleEndian = FixedEndian<T, std::endian::little>;

} // namespace bpfxx
