// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/projection.hpp"

#include <bit>
#include <utility>

#include "bpfxx/layout.hpp"
#include "bpfxx/layout_report.hpp"

namespace bpfxx {

void copy_bits(const Copy& field, const std::byte* from, std::byte* to) noexcept
{
    constexpr bool is_little = std::endian::native == std::endian::little;
    const std::uint32_t bytes = field.source_size(); // at most 9
    UInt128 number = 0;
    for (std::uint32_t i = 0; i < bytes; i++)
        number |= UInt128{std::to_integer<std::uint8_t>(from[i])} << 8 * (is_little ? i : bytes - 1 - i);
    // From the lowest bit on, or where the machine counts from the highest, from that one.
    number >>= is_little ? field.first_bit : bytes * 8 - field.first_bit - field.bits;
    const std::uint32_t unused = sizeof(number) * 8 - field.bits;
    number <<= unused;
    number = field.is_signed ? static_cast<UInt128>(static_cast<Int128>(number) >> unused) : number >> unused;
    const auto* result = reinterpret_cast<const std::byte*>(&number);
    std::memcpy(to, is_little ? result : result + sizeof(number) - field.size, field.size);
}

Layout::Layout(LayoutReport report)
    : report_(new LayoutReport(std::move(report))), projection_(report_->projection),
      is_direct_(report_->outcome == Outcome::same)
{
}

Layout::Layout(const Layout& other)
    : report_(other.report_ != nullptr ? new LayoutReport(*other.report_) : nullptr),
      is_direct_(other.is_direct_)
{
    if (report_ != nullptr)
        projection_ = report_->projection;
}

Layout::Layout(Layout&& other) noexcept
    : report_(std::exchange(other.report_, nullptr)), projection_(std::exchange(other.projection_, {})),
      is_direct_(std::exchange(other.is_direct_, true))
{
}

Layout& Layout::operator=(const Layout& other)
{
    return *this = Layout(other);
}

Layout& Layout::operator=(Layout&& other) noexcept
{
    std::swap(report_, other.report_);
    std::swap(projection_, other.projection_);
    std::swap(is_direct_, other.is_direct_);
    return *this;
}

Layout::~Layout()
{
    delete report_;
}

} // namespace bpfxx
