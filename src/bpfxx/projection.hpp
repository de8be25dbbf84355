// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpfxx/view.hpp"

namespace bpfxx {

struct LayoutReport; // layout_report.hpp

/// What to copy from the map's value to the C++ object: a run of bytes, or a bit field, which becomes an integer.
struct Copy {
    std::uint32_t from = 0;     ///< byte of the value; of a bit field the one that its first bit lies in
    std::uint32_t to = 0;       ///< byte of the object
    std::uint32_t size = 0;     ///< bytes of the object
    std::uint8_t bits = 0;      ///< of a bit field; 0: it is none
    std::uint8_t first_bit = 0; ///< of the byte `from`, counted as the machine does
    bool is_signed = false;     ///< of a bit field

    /// Bytes of the value that are read.
    [[nodiscard]] constexpr std::uint32_t source_size() const noexcept
    {
        return bits == 0 ? size : (first_bit + bits + 7U) / 8;
    }
};

/// Turns a bit field into an integer. @param field where it lies @param from, to the first byte of each, not of the
/// whole value
void copy_bits(const Copy& field, const std::byte* from, std::byte* to) noexcept;

/// Copies the fields that a C++ type wants out of a map's bytes.
inline void project(View<const Copy> projection, const std::byte* from, void* to) noexcept
{
    for (const Copy& copy : projection) {
        std::byte* place = static_cast<std::byte*>(to) + copy.to;
        if (copy.bits == 0)
            std::memcpy(place, from + copy.from, copy.size);
        else
            copy_bits(copy, from + copy.from, place);
    }
}

/// How a C++ type lies in the bytes of a map, as Map::check_key() and Map::check_value() found it.
class Layout {
public:
    /// Of a type that is known by its size alone: byte for byte.
    Layout() = default;
    /// What a comparison found, not incompatible.
    explicit Layout(LayoutReport report);
    /// A copy of the report.
    Layout(const Layout& other);
    /// The other is then as one without a report.
    Layout(Layout&& other) noexcept;
    /// A copy of the report.
    Layout& operator=(const Layout& other);
    /// The other then has the report of this one.
    Layout& operator=(Layout&& other) noexcept;
    ~Layout();

    /// Whether the map's bytes are the C++ type, byte for byte.
    [[nodiscard]] bool is_direct() const noexcept { return is_direct_; }
    /// How to read it where it is not direct.
    [[nodiscard]] View<const Copy> projection() const noexcept { return projection_; }
    /// The comparison; null where only the size was compared. Borrowed.
    [[nodiscard]] const LayoutReport* report() const noexcept { return report_; }

    /// The object that these bytes of the map stand for. @param from as many as the map's value has
    /// @tparam T the type that was compared
    template <class T>
    [[nodiscard]] T decode(const std::byte* from) const noexcept
    {
        if (is_direct_) {
            T value; // NOLINT(cppcoreguidelines-pro-type-member-init): filled whole by the next line
            std::memcpy(&value, from, sizeof(T));
            return value;
        }
        T value{};
        project(projection_, from, &value);
        return value;
    }

private:
    const LayoutReport* report_ = nullptr; ///< owned
    View<const Copy> projection_;          ///< of the report
    bool is_direct_ = true;
};

} // namespace bpfxx
