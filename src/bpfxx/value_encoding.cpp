// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include <bpf/btf.h>

#include "bpfxx/layout.hpp"
#include "bpfxx/value_decoding.hpp"

namespace bpfxx::detail {

namespace {

constexpr unsigned bits_of_byte = 8;

bool has_number(const Value& value)
{
    return value.kind == ValueKind::integer || value.kind == ValueKind::boolean ||
           value.kind == ValueKind::character || value.kind == ValueKind::pointer ||
           value.kind == ValueKind::enumerator;
}

/// Whether a number fits so many bits, of which the first is a sign or not.
bool fits(Wide number, std::uint32_t width, bool is_signed)
{
    if (width >= sizeof(Wide) * bits_of_byte)
        return true;
    const Wide above = number >> (is_signed ? width - 1 : width);
    return above == 0 || (is_signed && above == ~Wide{0} >> (width - 1));
}

/// One run over the bytes of one key.
class Encoding {
public:
    Encoding(const struct btf* types, std::vector<std::byte>& bytes) : types_(types), bytes_(bytes) {}

    /// @param path of the part, for messages @param offset in bits @param bits of a bit field; 0: the type's own
    Result<> encode(const std::string& path, const Value& value, std::uint32_t id, std::uint64_t offset,
                    std::uint32_t bits, int depth)
    {
        const Resolved found = resolve(types_, id);
        const auto size = btf__resolve_size(types_, id);
        if (found.type == nullptr || size < 0 || depth > most_depth)
            return std::unexpected(damaged("a type leads nowhere"));
        const std::uint64_t all = bits != 0 ? bits : static_cast<std::uint64_t>(size) * bits_of_byte;
        if (offset + all > bytes_.size() * bits_of_byte || (bits == 0 && offset % bits_of_byte != 0))
            return std::unexpected(damaged("a part lies outside the bytes"));
        if (value.kind == ValueKind::octets && bits == 0)
            return octets(path, value, static_cast<std::size_t>(size), offset);
        switch (btf_kind(found.type)) {
        case BTF_KIND_INT:
            return integer(path, value, found, offset, bits);
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64:
            return enumerator(path, value, found, offset, bits);
        case BTF_KIND_PTR:
            return number(path, value, {.width = 64, .is_signed = false, .network_order = false}, offset);
        case BTF_KIND_FLOAT:
            return floating(path, value, static_cast<std::size_t>(size), offset);
        case BTF_KIND_ARRAY:
            return array(path, value, found, offset, depth);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            return structure(path, value, found.type, offset, depth);
        default:
            return std::unexpected(damaged("a part is of a type that has no value"));
        }
    }

private:
    /// How a number lies there.
    struct Form {
        std::uint32_t width; ///< bits
        bool is_signed;
        bool network_order;
    };

    static Error damaged(const char* cause)
    {
        return make_error(ErrorKind::incompatible, "encode", "a key by its BTF", cause);
    }

    static Error wrong(const std::string& path, const std::string& cause)
    {
        return make_error(ErrorKind::invalid, "encode", path.empty() ? "a key" : "'" + path + "' in a key",
                          cause);
    }

    Result<> octets(const std::string& path, const Value& value, std::size_t size, std::uint64_t offset)
    {
        if (value.bytes.size() != size)
            return std::unexpected(wrong(path, "it takes " + std::to_string(size) + " bytes, not " +
                                                   std::to_string(value.bytes.size())));
        std::memcpy(bytes_.data() + offset / bits_of_byte, value.bytes.data(), size);
        return {};
    }

    Result<> number(const std::string& path, const Value& value, const Form& form, std::uint64_t offset)
    {
        if (!has_number(value))
            return std::unexpected(wrong(path, "it takes a number"));
        // A negative one is recognised by its sign, a large one by having none.
        const bool is_negative = value.is_signed && (value.number >> 127U) != 0;
        if (!fits(value.number, form.width, form.is_signed) || (is_negative && !form.is_signed))
            return std::unexpected(wrong(path, "the number does not fit " + std::to_string(form.width) +
                                                   " bits" + (form.is_signed ? " with a sign" : "")));
        for (std::uint32_t i = 0; i < form.width; i++)
            put_bit(offset, form, i, (value.number >> i & 1U) != 0);
        return {};
    }

    /// @param index of the bit in the number, from the smallest
    void put_bit(std::uint64_t offset, const Form& form, std::uint32_t index, bool is_set)
    {
        const bool whole_bytes = form.width % bits_of_byte == 0 && offset % bits_of_byte == 0;
        constexpr bool little = std::endian::native == std::endian::little;
        std::uint64_t at = offset + index;
        bool from_low_end = little;
        if (whole_bytes) {
            const std::uint32_t byte = index / bits_of_byte;
            const std::uint32_t last = form.width / bits_of_byte - 1;
            at = offset + std::uint64_t{form.network_order || !little ? last - byte : byte} * bits_of_byte +
                 index % bits_of_byte;
            from_low_end = true;
        } else if (!little) {
            at = offset + form.width - 1 - index;
        }
        const unsigned place = from_low_end ? at % bits_of_byte : bits_of_byte - 1 - at % bits_of_byte;
        std::byte& byte = bytes_[at / bits_of_byte];
        const std::byte mask{static_cast<unsigned char>(1U << place)};
        byte = is_set ? byte | mask : byte & ~mask;
    }

    Result<> integer(const std::string& path, const Value& value, const Resolved& found, std::uint64_t offset,
                     std::uint32_t bits)
    {
        const bool is_bool = (btf_int_encoding(found.type) & BTF_INT_BOOL) != 0;
        if (is_bool && has_number(value) && value.number > 1)
            return std::unexpected(wrong(path, "it takes true or false"));
        if (bits == 0 && btf_int_bits(found.type) != found.type->size * bits_of_byte) {
            offset += btf_int_offset(found.type);
            bits = btf_int_bits(found.type);
        }
        // Whether a char has a sign is the machine's choice.
        const bool is_signed = (btf_int_encoding(found.type) & BTF_INT_SIGNED) != 0;
        const std::uint32_t width = bits != 0 ? bits : found.type->size * bits_of_byte;
        return number(path, value,
                      {.width = width, .is_signed = is_signed, .network_order = found.network_order}, offset);
    }

    Result<> enumerator(const std::string& path, const Value& value, const Resolved& found,
                        std::uint64_t offset, std::uint32_t bits)
    {
        const bool wide = btf_kind(found.type) == BTF_KIND_ENUM64;
        const Form form{.width = bits != 0 ? bits : found.type->size * bits_of_byte,
                        .is_signed = btf_kflag(found.type),
                        .network_order = found.network_order};
        if (value.kind != ValueKind::text)
            return number(path, value, form, offset);
        for (std::uint32_t i = 0; i < btf_vlen(found.type); i++) {
            const std::uint32_t name =
                wide ? btf_enum64(found.type)[i].name_off : btf_enum(found.type)[i].name_off;
            if (name_at(types_, name) != value.bytes)
                continue;
            const std::uint64_t known = enumerator_value(found.type, i);
            Value entry;
            entry.kind = ValueKind::enumerator;
            entry.is_signed = form.is_signed;
            entry.number = form.is_signed ? static_cast<Wide>(Int128{static_cast<std::int64_t>(known)})
                           : wide         ? Wide{known}
                                          : Wide{static_cast<std::uint32_t>(known)};
            return number(path, entry, form, offset);
        }
        return std::unexpected(wrong(path, "the enum has no '" + value.bytes + "'"));
    }

    Result<> floating(const std::string& path, const Value& value, std::size_t size, std::uint64_t offset)
    {
        if (value.kind != ValueKind::floating || (size != sizeof(float) && size != sizeof(double)))
            return std::unexpected(wrong(path, "it takes a floating-point number"));
        std::byte* at = bytes_.data() + offset / bits_of_byte;
        const auto single = static_cast<float>(value.real);
        if (size == sizeof single)
            std::memcpy(at, &single, size);
        else
            std::memcpy(at, &value.real, size);
        return {};
    }

    Result<> array(const std::string& path, const Value& value, const Resolved& found, std::uint64_t offset,
                   int depth)
    {
        const struct btf_array* array = btf_array(found.type);
        const Resolved element = resolve(types_, array->type);
        const auto stride = btf__resolve_size(types_, array->type);
        if (element.type == nullptr || stride < 0)
            return std::unexpected(damaged("an array's element has no size"));
        if (value.kind == ValueKind::text && is_char(types_, element.type)) {
            if (value.bytes.size() > array->nelems)
                return std::unexpected(
                    wrong(path, "the text is longer than " + std::to_string(array->nelems) + " characters"));
            std::memcpy(bytes_.data() + offset / bits_of_byte, value.bytes.data(), value.bytes.size());
            return {};
        }
        if (value.kind != ValueKind::array || value.parts.size() != array->nelems)
            return std::unexpected(wrong(path, "it takes " + std::to_string(array->nelems) + " elements"));
        for (std::size_t i = 0; i < value.parts.size(); i++)
            BPFXX_TRY(encode(path + "[" + std::to_string(i) + "]", value.parts[i], array->type,
                             offset + i * static_cast<std::uint64_t>(stride) * bits_of_byte, 0, depth + 1));
        return {};
    }

    Result<> structure(const std::string& path, const Value& value, const struct btf_type* type,
                       std::uint64_t offset, int depth)
    {
        if (value.kind != ValueKind::structure && value.kind != ValueKind::overlay)
            return std::unexpected(wrong(path, "it takes a part for each member"));
        std::vector<const Value*> left;
        left.reserve(value.parts.size());
        for (const Value& part : value.parts)
            left.push_back(&part);
        BPFXX_TRY(members(path, type, offset, depth, left));
        if (!left.empty())
            return std::unexpected(wrong(path, "it has no member '" + std::string(left.front()->name) + "'"));
        return {};
    }

    /// Writes the members of a type, and takes out of `left` what was written.
    Result<> members(const std::string& path, const struct btf_type* type, std::uint64_t offset, int depth,
                     std::vector<const Value*>& left)
    {
        const std::size_t before = left.size();
        bool has_names = false;
        for (std::uint32_t i = 0; i < btf_vlen(type); i++) {
            const struct btf_member& member = btf_members(type)[i];
            const std::uint64_t at = offset + btf_member_bit_offset(type, static_cast<__u32>(i));
            const std::string_view name = name_at(types_, member.name_off);
            const Resolved inner = resolve(types_, member.type);
            if (name.empty() && inner.type != nullptr && btf_is_composite(inner.type)) {
                // In a union it is one of several ways, taken where one of its members is given.
                if (depth >= most_depth)
                    return std::unexpected(damaged("its types lie too deep in each other"));
                if (!btf_is_union(type) || names_any(inner.type, left, depth + 1))
                    BPFXX_TRY(members(path, inner.type, at, depth + 1, left));
                has_names = true;
                continue;
            }
            if (name.empty())
                continue; // padding
            has_names = true;
            const std::string its_path = path.empty() ? std::string(name) : path + "." + std::string(name);
            const auto part = std::ranges::find(left, name, [](const Value* one) { return one->name; });
            if (part != left.end()) {
                BPFXX_TRY(encode(its_path, **part, member.type, at,
                                 btf_member_bitfield_size(type, static_cast<__u32>(i)), depth + 1));
                left.erase(part);
            } else if (!btf_is_union(type)) {
                return std::unexpected(wrong(its_path, "it is missing"));
            }
        }
        if (btf_is_union(type) && has_names && left.size() == before)
            return std::unexpected(wrong(path, "none of a union's members is given"));
        return {};
    }

    /// Whether a member of the type is among the parts.
    [[nodiscard]] bool names_any(const struct btf_type* type, const std::vector<const Value*>& parts,
                                 int depth) const
    {
        for (std::uint32_t i = 0; depth < most_depth && i < btf_vlen(type); i++) {
            const struct btf_member& member = btf_members(type)[i];
            const std::string_view name = name_at(types_, member.name_off);
            const Resolved inner = resolve(types_, member.type);
            if (name.empty() ? inner.type != nullptr && btf_is_composite(inner.type) &&
                                   names_any(inner.type, parts, depth + 1)
                             : std::ranges::find(parts, name, [](const Value* one) { return one->name; }) !=
                                   parts.end())
                return true;
        }
        return false;
    }

    const struct btf* types_;
    std::vector<std::byte>& bytes_;
};

} // namespace

Result<std::vector<std::byte>> encode_bytes(const struct btf* types, std::uint32_t type_id,
                                            const Value& value, std::size_t size)
{
    std::vector<std::byte> bytes(size);
    BPFXX_TRY(Encoding(types, bytes).encode("", value, type_id, 0, 0, 0));
    return bytes;
}

} // namespace bpfxx::detail
