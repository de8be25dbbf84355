// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/type_reader.hpp"

#include <algorithm>
#include <utility>

#include <bpf/btf.h>

namespace bpfxx::detail {

namespace {

/// The kernel follows no longer chains of types (MAX_RESOLVE_DEPTH).
constexpr int most_levels = 32;
/// The kernel's largest structure has some hundred members.
constexpr int most_members = 65536;

bool is_integer_bit_field(const struct btf_type* type)
{
    return btf_is_int(type) && (btf_int_bits(type) != type->size * 8 || btf_int_offset(type) != 0);
}

/// Whether no enumerator has the bit that would be the sign.
bool has_no_sign_bit(const struct btf_type* type)
{
    if (type->size == 0 || type->size > sizeof(std::uint64_t))
        return false;
    const std::uint64_t sign_bit = std::uint64_t{1} << (type->size * 8 - 1);
    const int count = btf_vlen(type);
    if (btf_is_enum64(type))
        return std::all_of(btf_enum64(type), btf_enum64(type) + count,
                           [&](const struct btf_enum64& e) { return btf_enum64_value(&e) < sign_bit; });
    const bool is_signed = btf_kflag(type);
    return std::all_of(btf_enum(type), btf_enum(type) + count, [&](const struct btf_enum& e) {
        const auto value = is_signed ? static_cast<std::uint64_t>(std::int64_t{e.val})
                                     : static_cast<std::uint64_t>(static_cast<std::uint32_t>(e.val));
        return value < sign_bit;
    });
}

} // namespace

std::string integer_name(std::uint32_t size, bool is_signed, ByteOrder order)
{
    const char* prefix = order == ByteOrder::big      ? "be"
                         : order == ByteOrder::little ? "le"
                         : is_signed                  ? "s"
                                                      : "u";
    return prefix + std::to_string(size * 8);
}

std::string floating_name(std::uint32_t size)
{
    return size == sizeof(float)    ? "float"
           : size == sizeof(double) ? "double"
                                    : "float of " + std::to_string(size) + " bytes";
}

const struct btf_type* TypeReader::resolved(std::uint32_t type_id) const
{
    const int id = btf__resolve_type(types_, type_id);
    return id <= 0 ? nullptr : btf__type_by_id(types_, static_cast<__u32>(id));
}

std::uint64_t TypeReader::size(std::uint32_t type_id) const
{
    const auto size = btf__resolve_size(types_, type_id);
    return size < 0 ? 0 : static_cast<std::uint64_t>(size);
}

std::string_view TypeReader::text(std::uint32_t offset) const
{
    const char* text = btf__name_by_offset(types_, offset);
    return text == nullptr ? "" : text;
}

ByteOrder TypeReader::order(std::uint32_t type_id) const
{
    for (int level = 0; level < most_levels; level++) {
        const struct btf_type* type = btf__type_by_id(types_, type_id);
        if (type == nullptr || !(btf_is_mod(type) || btf_is_typedef(type)))
            break;
        const std::string_view name = btf_is_typedef(type) ? text(type->name_off) : "";
        if (name == "__be16" || name == "__be32" || name == "__be64")
            return ByteOrder::big;
        if (name == "__le16" || name == "__le32" || name == "__le64")
            return ByteOrder::little;
        type_id = type->type;
    }
    return ByteOrder::native;
}

std::optional<Scalar> TypeReader::scalar(std::uint32_t type_id) const
{
    using enum Scalar::Kind;
    const struct btf_type* type = resolved(type_id);
    if (type == nullptr)
        return std::nullopt;
    Scalar result{.size = static_cast<std::uint32_t>(size(type_id))};
    if (btf_is_ptr(type)) {
        result.kind = pointer;
    } else if (btf_is_float(type)) {
        result.kind = floating;
    } else if (btf_is_any_enum(type)) {
        result.kind = enumeration;
        result.is_signed = btf_kflag(type);
        result.any_sign = has_no_sign_bit(type);
    } else if (btf_is_int(type)) {
        const auto encoding = btf_int_encoding(type);
        const bool is_char =
            type->size == 1 && ((encoding & BTF_INT_CHAR) != 0 || text(type->name_off) == "char");
        result.kind = is_integer_bit_field(type)       ? bits
                      : (encoding & BTF_INT_BOOL) != 0 ? boolean
                      : is_char                        ? character
                                                       : integer;
        result.is_signed = (encoding & BTF_INT_SIGNED) != 0;
        result.any_sign = (encoding & BTF_INT_CHAR) != 0;
        result.order = order(type_id);
    } else {
        return std::nullopt;
    }
    return result;
}

std::string TypeReader::name(std::uint32_t type_id) const
{
    std::string counts;
    const struct btf_type* type = resolved(type_id);
    for (int level = 0; level < most_levels && type != nullptr && btf_is_array(type); level++) {
        counts += "[" + std::to_string(btf_array(type)->nelems) + "]";
        type_id = btf_array(type)->type;
        type = resolved(type_id);
    }
    if (type == nullptr)
        return "void" + counts;
    const auto called = [&](const char* kind) {
        const std::string_view own = text(type->name_off);
        return kind + std::string(" ") + (own.empty() ? "(anonymous)" : std::string(own));
    };
    const auto value = scalar(type_id);
    if (!value)
        return called(btf_is_struct(type) ? "struct" : btf_is_union(type) ? "union" : "type") + counts;
    switch (value->kind) {
    case Scalar::Kind::boolean:
        return (value->size == 1 ? "bool" : "bool of " + std::to_string(value->size) + " bytes") + counts;
    case Scalar::Kind::character:
        return "char" + counts;
    case Scalar::Kind::floating:
        return floating_name(value->size) + counts;
    case Scalar::Kind::enumeration:
        return called("enum") + " (" + integer_name(value->size, value->is_signed, value->order) + ")" +
               counts;
    case Scalar::Kind::pointer:
        return "pointer" + counts;
    case Scalar::Kind::bits:
        return integer_name(value->size, value->is_signed, value->order) + ":" +
               std::to_string(btf_int_bits(type)) + counts;
    case Scalar::Kind::integer:
        break;
    }
    return integer_name(value->size, value->is_signed, value->order) + counts;
}

std::optional<std::vector<Member>> TypeReader::members(const struct btf_type* type) const
{
    std::vector<Member> found;
    int visited = 0;
    if (!add_members(type, 0, 0, visited, found))
        return std::nullopt;
    return found;
}

bool TypeReader::add_members(const struct btf_type* type, std::uint64_t bit, int depth, int& visited,
                             std::vector<Member>& found) const
{
    const struct btf_member* members = btf_members(type);
    for (std::uint32_t i = 0; i < btf_vlen(type); i++) {
        if (++visited > most_members)
            return false;
        Member member{.name = text(members[i].name_off),
                      .type_id = members[i].type,
                      .bit = bit + btf_member_bit_offset(type, i),
                      .field_bits = btf_member_bitfield_size(type, i)};
        const struct btf_type* inner = resolved(member.type_id);
        if (member.name.empty() && inner != nullptr && btf_is_composite(inner)) {
            if (depth == most_levels || !add_members(inner, member.bit, depth + 1, visited, found))
                return false;
            continue;
        }
        if (member.field_bits == 0 && inner != nullptr && is_integer_bit_field(inner)) {
            // As compilers wrote bit fields before BTF had a flag for them.
            member.field_bits = btf_int_bits(inner);
            member.bit += btf_int_offset(inner);
        } else if (member.bit % 8 == 0 && member.field_bits == size(member.type_id) * 8) {
            member.field_bits = 0; // it fills its type: an integer like others
        }
        found.push_back(member);
    }
    return true;
}

} // namespace bpfxx::detail
