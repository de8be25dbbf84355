// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/value_decoding.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include <bpf/btf.h>

namespace bpfxx::detail {

namespace {

/// Limits to the parts of one value: unions in unions may describe the same bytes without end.
constexpr std::size_t parts_besides = 4096;
constexpr std::size_t most_parts = std::size_t{1} << 22U;

constexpr unsigned bits_of_byte = 8;

bool says_network_order(std::string_view alias)
{
    constexpr std::array<std::string_view, 5> names{"__be16", "__be32", "__be64", "in_addr_t", "in_port_t"};
    return std::ranges::find(names, alias) != names.end();
}

} // namespace

std::string_view name_at(const struct btf* types, std::uint32_t offset)
{
    const char* name = btf__name_by_offset(types, offset);
    return name == nullptr ? std::string_view() : std::string_view(name);
}

Resolved resolve(const struct btf* types, std::uint32_t id)
{
    Resolved found;
    for (int depth = 0; depth < most_depth; depth++) {
        const struct btf_type* type = btf__type_by_id(types, id);
        if (type == nullptr || (!btf_is_typedef(type) && !btf_is_mod(type))) {
            found.type = type;
            found.id = id;
            return found;
        }
        if (btf_is_typedef(type)) {
            const std::string_view alias = name_at(types, type->name_off);
            found.network_order = found.network_order || says_network_order(alias);
            if (found.alias.empty())
                found.alias = alias;
        }
        id = type->type;
    }
    return found;
}

bool is_char(const struct btf* types, const struct btf_type* type)
{
    return btf_is_int(type) && type->size == 1 &&
           ((btf_int_encoding(type) & BTF_INT_CHAR) != 0 || name_at(types, type->name_off) == "char");
}

std::uint64_t enumerator_value(const struct btf_type* type, std::uint32_t index)
{
    if (btf_kind(type) == BTF_KIND_ENUM64)
        return btf_enum64_value(btf_enum64(type) + index);
    return static_cast<std::uint64_t>(std::int64_t{btf_enum(type)[index].val});
}

namespace {

/// Whether bytes are printable characters: UTF-8 without control characters, but for tabs and ends of lines.
bool is_text(std::string_view bytes)
{
    for (std::size_t at = 0; at < bytes.size();) {
        const auto lead = static_cast<unsigned char>(bytes[at]);
        if (lead < 0x80) {
            if ((lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') || lead == 0x7f)
                return false;
            at++;
            continue;
        }
        const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.size())
            return false;
        for (std::size_t i = 1; i < length; i++)
            if ((static_cast<unsigned char>(bytes[at + i]) & 0xc0U) != 0x80)
                return false;
        at += length;
    }
    return true;
}

/// One run over the bytes of one key or value.
class Decoding {
public:
    Decoding(const struct btf* types, Bytes bytes)
        : types_(types), bytes_(bytes),
          parts_left_(std::min(most_parts, parts_besides + bytes.size() * bits_of_byte))
    {
    }

    /// @param offset in bits @param bits of a bit field; 0: the type's own
    Result<Value> decode(std::uint32_t id, std::uint64_t offset, std::uint32_t bits, int depth)
    {
        if (depth > most_depth || parts_left_ == 0)
            return std::unexpected(damaged(depth > most_depth ? "its types lie too deep in each other"
                                                              : "it describes too many parts"));
        parts_left_--;
        const Resolved found = resolve(types_, id);
        if (found.type == nullptr)
            return std::unexpected(damaged("a type leads nowhere"));
        Value value;
        value.network_order = found.network_order;
        value.type = found.alias.empty() ? name_at(types_, found.type->name_off) : found.alias;
        if (bits == 0 && offset % bits_of_byte != 0)
            return std::unexpected(damaged("a member begins inside a byte"));
        switch (btf_kind(found.type)) {
        case BTF_KIND_INT:
            return integer(std::move(value), found.type, offset, bits);
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64:
            return enumerator(std::move(value), found.type, offset, bits);
        case BTF_KIND_PTR:
            value.kind = ValueKind::pointer;
            return number(std::move(value), sizeof(std::uint64_t), offset, 0);
        case BTF_KIND_FLOAT:
            return floating(std::move(value), found.type, offset);
        case BTF_KIND_ARRAY:
            return array(std::move(value), found.type, offset, depth, std::nullopt);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            return structure(std::move(value), found.type, offset, depth);
        case BTF_KIND_DATASEC:
            return section(std::move(value), found.type, depth);
        default:
            return std::unexpected(damaged("a part is of a type that has no value"));
        }
    }

private:
    static Error damaged(const char* cause)
    {
        return make_error(ErrorKind::incompatible, "decode", "a value by its BTF", cause);
    }

    [[nodiscard]] bool is_inside(std::uint64_t offset, std::uint64_t bits) const
    {
        const std::uint64_t all = std::uint64_t{bytes_.size()} * bits_of_byte;
        return offset <= all && bits <= all - offset;
    }

    [[nodiscard]] std::string copy(std::uint64_t offset, std::size_t size) const
    {
        std::string text(size, '\0');
        std::memcpy(text.data(), bytes_.data() + offset / bits_of_byte, size);
        return text;
    }

    /// Reads `number`. @param size of the type in bytes
    Result<Value> number(Value value, std::uint32_t size, std::uint64_t offset, std::uint32_t bits) const
    {
        const std::uint32_t width = bits == 0 ? size * bits_of_byte : bits;
        if (width == 0 || width > sizeof(Wide) * bits_of_byte || width > size * bits_of_byte)
            return std::unexpected(damaged("a number has an impossible size"));
        if (!is_inside(offset, width))
            return std::unexpected(damaged("a number lies outside the bytes"));
        value.size = size;
        const bool whole_bytes = width % bits_of_byte == 0 && offset % bits_of_byte == 0;
        value.number =
            whole_bytes ? from_bytes(offset, width, value.network_order) : from_bits(offset, width);
        const std::uint32_t unused = sizeof(Wide) * bits_of_byte - width;
        if (value.is_signed && unused > 0 && (value.number >> (width - 1) & 1U) != 0)
            value.number |= ~Wide{0} << width;
        return value;
    }

    [[nodiscard]] Wide from_bytes(std::uint64_t offset, std::uint32_t width, bool network_order) const
    {
        const Bytes part = bytes_.subspan(offset / bits_of_byte, width / bits_of_byte);
        const bool largest_first = network_order || std::endian::native == std::endian::big;
        Wide number = 0;
        for (std::size_t i = 0; i < part.size(); i++)
            number = number << bits_of_byte |
                     std::to_integer<unsigned>(part[largest_first ? i : part.size() - 1 - i]);
        return number;
    }

    /// Bits are counted from the end of a byte at which the machine's numbers begin.
    [[nodiscard]] Wide from_bits(std::uint64_t offset, std::uint32_t width) const
    {
        Wide number = 0;
        for (std::uint32_t i = 0; i < width; i++) {
            const std::uint64_t at = offset + i;
            const auto byte = std::to_integer<unsigned>(bytes_[at / bits_of_byte]);
            if constexpr (std::endian::native == std::endian::little)
                number |= Wide{byte >> at % bits_of_byte & 1U} << i;
            else
                number = number << 1U | (byte >> (bits_of_byte - 1 - at % bits_of_byte) & 1U);
        }
        return number;
    }

    Result<Value> integer(Value value, const struct btf_type* type, std::uint64_t offset,
                          std::uint32_t bits) const
    {
        value.is_signed = (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
        value.kind = (btf_int_encoding(type) & BTF_INT_BOOL) != 0 ? ValueKind::boolean
                     : is_char(types_, type)                      ? ValueKind::character
                                                                  : ValueKind::integer;
        // Where the struct does not say what is a bit field, the integer does.
        if (bits == 0 && btf_int_bits(type) != type->size * bits_of_byte) {
            offset += btf_int_offset(type);
            bits = btf_int_bits(type);
        }
        return number(std::move(value), type->size, offset, bits);
    }

    Result<Value> enumerator(Value value, const struct btf_type* type, std::uint64_t offset,
                             std::uint32_t bits) const
    {
        value.kind = ValueKind::enumerator;
        value.is_signed = btf_kflag(type);
        auto read = number(std::move(value), type->size, offset, bits);
        if (!read)
            return read;
        const std::uint32_t width = std::min(bits == 0 ? type->size * bits_of_byte : bits, 64U);
        const std::uint64_t mask = ~std::uint64_t{0} >> (64U - width);
        const bool wide = btf_kind(type) == BTF_KIND_ENUM64;
        for (std::uint32_t i = 0; i < btf_vlen(type); i++) {
            const std::uint64_t known = enumerator_value(type, i);
            const std::uint32_t name = wide ? btf_enum64(type)[i].name_off : btf_enum(type)[i].name_off;
            if ((known & mask) == (static_cast<std::uint64_t>(read->number) & mask)) {
                read->symbol = name_at(types_, name);
                break;
            }
        }
        return read;
    }

    Result<Value> floating(Value value, const struct btf_type* type, std::uint64_t offset) const
    {
        if (!is_inside(offset, std::uint64_t{type->size} * bits_of_byte))
            return std::unexpected(damaged("a number lies outside the bytes"));
        const std::byte* at = bytes_.data() + offset / bits_of_byte;
        value.kind = ValueKind::floating;
        value.size = type->size;
        if (type->size == sizeof(float)) {
            float real = 0;
            std::memcpy(&real, at, sizeof real);
            value.real = real;
        } else if (type->size == sizeof(double)) {
            std::memcpy(&value.real, at, sizeof value.real);
        } else { // long double is not the same on all machines
            value.kind = ValueKind::octets;
            value.bytes = copy(offset, type->size);
        }
        return value;
    }

    /// @param count in place of the type's own
    Result<Value> array(Value value, const struct btf_type* type, std::uint64_t offset, int depth,
                        std::optional<std::uint64_t> count)
    {
        const struct btf_array* array = btf_array(type);
        const Resolved element = resolve(types_, array->type);
        const auto size = btf__resolve_size(types_, array->type);
        if (element.type == nullptr || size < 0)
            return std::unexpected(damaged("an array's element has no size"));
        const std::uint64_t elements = size == 0 ? 0 : count.value_or(array->nelems);
        const auto stride = static_cast<std::uint64_t>(size) * bits_of_byte;
        if (stride != 0 && !is_inside(offset, elements * stride))
            return std::unexpected(damaged("an array reaches beyond the bytes"));
        const bool is_chars = is_char(types_, element.type);
        if (is_chars || (btf_is_int(element.type) && size == 1 && btf_int_encoding(element.type) == 0)) {
            value.type = element.alias.empty() ? name_at(types_, element.type->name_off) : element.alias;
            value.kind = ValueKind::octets;
            value.bytes = copy(offset, elements);
            const std::string_view text = std::string_view(value.bytes).substr(0, value.bytes.find('\0'));
            if (is_chars && is_text(text)) {
                value.kind = ValueKind::text;
                value.bytes.resize(text.size());
            }
            return value;
        }
        value.kind = ValueKind::array;
        for (std::uint64_t i = 0; i < elements; i++) {
            auto part = decode(array->type, offset + i * stride, 0, depth + 1);
            if (!part)
                return part;
            value.parts.push_back(std::move(*part));
        }
        return value;
    }

    Result<Value> structure(Value value, const struct btf_type* type, std::uint64_t offset, int depth)
    {
        value.kind = btf_is_union(type) ? ValueKind::overlay : ValueKind::structure;
        if (const std::string_view tag = name_at(types_, type->name_off); !tag.empty())
            value.type = tag;
        if (!is_inside(offset, std::uint64_t{type->size} * bits_of_byte))
            return std::unexpected(damaged("a struct reaches beyond the bytes"));
        const int count = btf_vlen(type);
        for (int i = 0; i < count; i++) {
            const struct btf_member& member = btf_members(type)[i];
            const std::uint64_t at = offset + btf_member_bit_offset(type, static_cast<__u32>(i));
            const Resolved inner = resolve(types_, member.type);
            // What lies behind the end of the type belongs to an array without a length.
            const bool is_open = depth == 0 && i + 1 == count && inner.type != nullptr &&
                                 btf_is_array(inner.type) && btf_array(inner.type)->nelems == 0;
            auto part = is_open ? open_array(inner, at)
                                : decode(member.type, at,
                                         btf_member_bitfield_size(type, static_cast<__u32>(i)), depth + 1);
            if (!part)
                return part;
            part->name = name_at(types_, member.name_off);
            if (part->name.empty() &&
                (part->kind == ValueKind::structure || part->kind == ValueKind::overlay))
                std::ranges::move(part->parts, std::back_inserter(value.parts));
            else
                value.parts.push_back(std::move(*part));
        }
        return value;
    }

    Result<Value> open_array(const Resolved& found, std::uint64_t offset)
    {
        const auto size = btf__resolve_size(types_, btf_array(found.type)->type);
        if (size <= 0 || offset % bits_of_byte != 0 || !is_inside(offset, 0))
            return std::unexpected(damaged("an array's element has no size"));
        const std::uint64_t room = bytes_.size() - offset / bits_of_byte;
        Value value;
        value.type = found.alias;
        return array(std::move(value), found.type, offset, 1, room / static_cast<std::uint64_t>(size));
    }

    Result<Value> section(Value value, const struct btf_type* type, int depth)
    {
        value.kind = ValueKind::structure;
        for (std::uint32_t i = 0; i < btf_vlen(type); i++) {
            const struct btf_var_secinfo& place = btf_var_secinfos(type)[i];
            const struct btf_type* variable = btf__type_by_id(types_, place.type);
            if (variable == nullptr || !btf_is_var(variable))
                return std::unexpected(damaged("a section holds what is no variable"));
            auto part = decode(variable->type, std::uint64_t{place.offset} * bits_of_byte, 0, depth + 1);
            if (!part)
                return part;
            part->name = name_at(types_, variable->name_off);
            value.parts.push_back(std::move(*part));
        }
        return value;
    }

    const struct btf* types_;
    Bytes bytes_;
    std::size_t parts_left_;
};

std::string c_name(const struct btf* types, std::uint32_t id, int depth = 0)
{
    const Resolved found = resolve(types, id);
    if (found.type == nullptr || depth > most_depth)
        return {};
    if (!found.alias.empty())
        return std::string(found.alias);
    const std::string name(name_at(types, found.type->name_off));
    if (btf_is_array(found.type))
        return c_name(types, btf_array(found.type)->type, depth + 1) + "[" +
               std::to_string(btf_array(found.type)->nelems) + "]";
    if (btf_is_ptr(found.type))
        return "pointer";
    const char* word = btf_is_struct(found.type)     ? "struct "
                       : btf_is_union(found.type)    ? "union "
                       : btf_is_any_enum(found.type) ? "enum "
                                                     : "";
    return word + (name.empty() ? "(anonymous)" : name);
}

} // namespace

Result<Value> decode_bytes(const struct btf* types, std::uint32_t type_id, Bytes bytes)
{
    return Decoding(types, bytes).decode(type_id, 0, 0, 0);
}

std::string c_type_name(const struct btf* types, std::uint32_t type_id)
{
    return c_name(types, type_id);
}

} // namespace bpfxx::detail
