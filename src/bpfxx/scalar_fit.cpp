// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/scalar_fit.hpp"

namespace bpfxx::detail {

std::string shape_name(const Shape& shape)
{
    std::string counts;
    const Shape* part = &shape;
    for (; part->kind == ShapeKind::array; part = part->element)
        counts += "[" + std::to_string(part->count) + "]";
    const std::string name(part->name);
    const std::string integer = integer_name(part->size, part->is_signed, part->order);
    switch (part->kind) {
    case ShapeKind::boolean:
        return "bool" + counts;
    case ShapeKind::character:
        return "char" + counts;
    case ShapeKind::floating:
        return floating_name(part->size) + counts;
    case ShapeKind::enumeration:
        return "enum " + name + " (" + integer + ")" + counts;
    case ShapeKind::structure:
        return "struct " + name + counts;
    case ShapeKind::either:
        return "union " + name + counts;
    case ShapeKind::integer:
    case ShapeKind::array: // it was followed to its elements
        break;
    }
    return integer + counts;
}

namespace {

Fit fit_integer(const Shape& wanted, const Scalar& found)
{
    if (found.is_signed != wanted.is_signed && !found.any_sign && found.kind != Scalar::Kind::pointer)
        return Fit::refused;
    switch (found.kind) {
    case Scalar::Kind::integer:
    case Scalar::Kind::character:
        if (found.order == wanted.order)
            return Fit::same;
        return found.order == ByteOrder::native || wanted.order == ByteOrder::native ? Fit::renamed
                                                                                     : Fit::refused;
    case Scalar::Kind::enumeration:
    case Scalar::Kind::boolean:
        return wanted.order == ByteOrder::native ? Fit::renamed : Fit::refused;
    case Scalar::Kind::pointer:
        return wanted.order == ByteOrder::native && !wanted.is_signed ? Fit::renamed : Fit::refused;
    case Scalar::Kind::floating:
    case Scalar::Kind::bits:
        break;
    }
    return Fit::refused;
}

Fit fit_enum(const Shape& wanted, const Scalar& found)
{
    if (found.is_signed != wanted.is_signed && !found.any_sign)
        return Fit::refused;
    switch (found.kind) {
    case Scalar::Kind::enumeration:
        // The sign of a C enum is the compiler's choice, which a C++ enum need not repeat.
        return Fit::same;
    case Scalar::Kind::integer:
    case Scalar::Kind::character:
        return found.order == ByteOrder::native ? Fit::renamed : Fit::refused;
    default:
        return Fit::refused;
    }
}

} // namespace

Fit fit(const Shape& wanted, const Scalar& found)
{
    const auto same_if = [](bool condition) { return condition ? Fit::same : Fit::refused; };
    if (found.size != wanted.size)
        return Fit::refused;
    switch (wanted.kind) {
    case ShapeKind::integer:
        return fit_integer(wanted, found);
    case ShapeKind::enumeration:
        return fit_enum(wanted, found);
    case ShapeKind::character: // text: whether it has a sign is the machine's choice
        return same_if(found.kind == Scalar::Kind::character || found.kind == Scalar::Kind::integer);
    case ShapeKind::boolean:
        return same_if(found.kind == Scalar::Kind::boolean);
    case ShapeKind::floating:
        return same_if(found.kind == Scalar::Kind::floating);
    case ShapeKind::structure:
    case ShapeKind::either:
    case ShapeKind::array:
        break;
    }
    return Fit::refused;
}

bool fits_bits(const Shape& wanted, const Scalar& found, std::uint32_t bits)
{
    const bool is_number = found.kind != Scalar::Kind::pointer && found.kind != Scalar::Kind::floating;
    if (!is_number || bits == 0 || bits > 64 || found.order != ByteOrder::native ||
        wanted.order != ByteOrder::native)
        return false;
    switch (wanted.kind) {
    case ShapeKind::integer:
    case ShapeKind::enumeration:
        if (found.is_signed)
            return wanted.is_signed && bits <= wanted.size * 8;
        return bits <= wanted.size * 8 - (wanted.is_signed ? 1 : 0);
    case ShapeKind::boolean:
        return bits == 1 && !found.is_signed;
    default:
        return false;
    }
}

} // namespace bpfxx::detail
