// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "bpfxx/map.hpp"

namespace bpfxx {

/// Copies the fields that a C++ type wants out of a map's bytes.
inline void project(std::span<const Copy> projection, const std::byte* from, void* to) noexcept
{
    for (const Copy& copy : projection)
        std::memcpy(static_cast<std::byte*>(to) + copy.to, from + copy.from, copy.size);
}

/// How a C++ type lies in the bytes of a map, proved when the map is opened.
/// @tparam T a type described by BPFXX_DESCRIBE, or an integer
template <class T>
class Codec {
public:
    /// Of the values. Errors: as Map::check_value.
    [[nodiscard]] static Result<Codec> of_value(const Map& map, Proof proof)
    {
        return from(map.check_value(shape<T>, proof));
    }
    /// Of the keys. A key is written as often as read, so its layout must be the same.
    /// Errors: as Map::check_key; incompatible where it differs at all.
    [[nodiscard]] static Result<Codec> of_key(const Map& map, Proof proof)
    {
        auto codec = from(map.check_key(shape<T>, proof));
        if (codec && !codec->is_direct())
            return std::unexpected(detail::key_differs(map, *codec->layout_));
        return codec;
    }

    /// Whether the map's bytes are T, byte for byte.
    [[nodiscard]] bool is_direct() const noexcept { return direct_; }
    /// The comparison; empty where only the size was compared.
    [[nodiscard]] const std::optional<LayoutReport>& layout() const noexcept { return layout_; }

    /// The object that these bytes of the map stand for: as many as the map's value has.
    [[nodiscard]] T decode(const std::byte* from) const noexcept
    {
        if (direct_ || !layout_) {
            T value; // NOLINT(cppcoreguidelines-pro-type-member-init): filled whole by the next line
            std::memcpy(&value, from, sizeof(T));
            return value;
        }
        T value{};
        project(layout_->projection, from, &value);
        return value;
    }

private:
    explicit Codec(std::optional<LayoutReport> layout)
        : layout_(std::move(layout)), direct_(!layout_ || layout_->outcome == Outcome::same)
    {
    }
    [[nodiscard]] static Result<Codec> from(Result<std::optional<LayoutReport>> layout)
    {
        if (!layout)
            return std::unexpected(std::move(layout).error());
        return Codec(std::move(*layout));
    }

    std::optional<LayoutReport> layout_;
    bool direct_;
};

/// The bytes of an object.
template <class T>
[[nodiscard]] Bytes bytes_of(const T& object) noexcept
{
    return std::as_bytes(std::span(&object, 1));
}
/// The bytes of an object, to be written.
template <class T>
[[nodiscard]] MutableBytes mutable_bytes_of(T& object) noexcept
{
    return std::as_writable_bytes(std::span(&object, 1));
}

} // namespace bpfxx
