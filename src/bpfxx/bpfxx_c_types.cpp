// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/bpfxx_c.hpp"

namespace bpfxx::c {

namespace {

/// The kernel's own limit to types inside types.
constexpr int most_depth = 32;
/// More than any struct has, and an end to descriptions that contain themselves.
constexpr std::size_t most_fields = 65536;

Error wrong_type(const char* name, const std::string& cause)
{
    return make_error(ErrorKind::invalid, "use the description of", name != nullptr ? name : "a type", cause);
}

bool is_structure(std::uint32_t kind)
{
    return kind == BPFXX_STRUCT || kind == BPFXX_UNION;
}

/// Whether numbers of this kind can be so large.
bool is_possible(std::uint32_t kind, std::uint32_t size)
{
    const bool is_power = size != 0 && (size & (size - 1)) == 0;
    switch (kind) {
    case BPFXX_UNSIGNED:
    case BPFXX_SIGNED:
        return is_power && size <= 16;
    case BPFXX_BIG_ENDIAN:
    case BPFXX_LITTLE_ENDIAN:
        return is_power && size >= 2 && size <= 8;
    case BPFXX_ENUM:
        return is_power && size <= 8;
    case BPFXX_BOOL:
    case BPFXX_CHAR:
        return size == 1;
    case BPFXX_FLOAT:
        return size == 4 || size == 8;
    default:
        return false;
    }
}

ShapeKind kind_of(std::uint32_t kind)
{
    switch (kind) {
    case BPFXX_BOOL:
        return ShapeKind::boolean;
    case BPFXX_CHAR:
        return ShapeKind::character;
    case BPFXX_FLOAT:
        return ShapeKind::floating;
    case BPFXX_ENUM:
        return ShapeKind::enumeration;
    case BPFXX_STRUCT:
        return ShapeKind::structure;
    case BPFXX_UNION:
        return ShapeKind::either;
    default:
        return ShapeKind::integer;
    }
}

/// Whether the caller's structure holds nothing that a later version has put behind what this one knows.
bool is_understood(const void* structure, std::size_t its_size, std::size_t known_size)
{
    const auto* bytes = static_cast<const unsigned char*>(structure);
    for (std::size_t i = known_size; i < its_size; i++)
        if (bytes[i] != 0)
            return false;
    return its_size >= known_size;
}

} // namespace

Result<const Shape*> Types::add(const bpfxx_type& type)
{
    return add(type, 0);
}

Result<const Shape*> Types::add(const bpfxx_type& type, int depth)
{
    if (!is_understood(&type, type.this_size, sizeof(bpfxx_type)))
        return std::unexpected(wrong_type(nullptr, "this_size is not that of struct bpfxx_type"));
    if (!is_structure(type.kind))
        return scalar(type.kind, type.size, type.name);
    count_ += type.field_count;
    if (type.size == 0 || type.field_count == 0 || type.fields == nullptr)
        return std::unexpected(wrong_type(type.name, "it has no fields"));
    if (depth > most_depth || count_ > most_fields)
        return std::unexpected(wrong_type(type.name, "it has too many types in each other"));

    Kept& kept = kept_.emplace_back();
    std::vector<FieldShape>& fields = kept.fields;
    const auto* at = reinterpret_cast<const std::byte*>(type.fields);
    for (std::uint32_t i = 0; i < type.field_count; i++, at += type.field_size) {
        if (!is_understood(at, type.field_size, sizeof(bpfxx_field)))
            return std::unexpected(wrong_type(type.name, "field_size is not that of struct bpfxx_field"));
        const auto& described = *reinterpret_cast<const bpfxx_field*>(at);
        if (described.name == nullptr || *described.name == '\0')
            return std::unexpected(wrong_type(type.name, "a field has no name"));
        if (std::uint64_t{described.offset} + described.size > type.size)
            return std::unexpected(
                wrong_type(type.name, std::string(described.name) + " reaches beyond its end"));
        auto shape = field(described, depth);
        if (!shape)
            return shape;
        fields.push_back({.name = described.name, .offset = described.offset, .shape = *shape});
    }
    Shape& shape = kept.shape;
    shape.kind = kind_of(type.kind);
    shape.name = type.name != nullptr ? type.name : "";
    shape.size = type.size;
    shape.fields = fields;
    return &shape;
}

Result<const Shape*> Types::field(const bpfxx_field& field, int depth)
{
    std::uint32_t size = field.size; // of an element, in the end
    std::size_t dimensions = 0;
    while (dimensions < BPFXX_MOST_DIMENSIONS && field.dimensions[dimensions] != 0) {
        if (size % field.dimensions[dimensions] != 0)
            return std::unexpected(wrong_type(field.name, "its size is not that of so many elements"));
        size /= field.dimensions[dimensions++];
    }
    if (is_structure(field.kind) &&
        (field.type == nullptr || field.type->kind != field.kind || field.type->size != size))
        return std::unexpected(wrong_type(field.name, "its type is missing, or of another size or kind"));
    auto element =
        is_structure(field.kind) ? add(*field.type, depth + 1) : scalar(field.kind, size, field.name);
    for (; element && dimensions > 0; dimensions--) {
        Shape& array = kept_.emplace_back().shape;
        array.kind = ShapeKind::array;
        array.count = field.dimensions[dimensions - 1];
        array.size = size *= array.count;
        array.element = *element;
        element = &array;
    }
    return element;
}

Result<const Shape*> Types::scalar(std::uint32_t kind, std::uint32_t size, const char* name)
{
    if (!is_possible(kind, size))
        return std::unexpected(
            wrong_type(name, "it is of no kind that there is, or of a size that its kind has not"));
    Shape& shape = kept_.emplace_back().shape;
    shape.kind = kind_of(kind);
    shape.order = kind == BPFXX_BIG_ENDIAN      ? ByteOrder::big
                  : kind == BPFXX_LITTLE_ENDIAN ? ByteOrder::little
                                                : ByteOrder::native;
    shape.is_signed = kind == BPFXX_SIGNED;
    if (kind == BPFXX_ENUM && name != nullptr)
        shape.name = name;
    shape.size = size;
    return &shape;
}

} // namespace bpfxx::c
