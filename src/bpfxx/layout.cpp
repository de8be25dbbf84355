// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/layout.hpp"

#include <algorithm>

#include <bpf/btf.h>

namespace bpfxx {

namespace {

std::string integer_name(std::uint32_t size, bool is_signed)
{
    return (is_signed ? "s" : "u") + std::to_string(size * 8);
}

std::string shape_name(const Shape& shape)
{
    switch (shape.kind) {
    case ShapeKind::integer:
        return integer_name(shape.size, shape.is_signed);
    case ShapeKind::array:
        return shape_name(*shape.element) + "[" + std::to_string(shape.count) + "]";
    case ShapeKind::structure:
        break;
    }
    return "struct " + std::string(shape.name);
}

/// Walks a shape and a BTF type side by side and notes what differs.
class Comparison {
public:
    Comparison(const struct btf* types, LayoutReport& report) : types_(types), report_(report) {}

    void run(const Shape& wanted, std::uint32_t type_id)
    {
        const __u32 resolved = resolve(type_id);
        const auto size = byte_size(resolved);
        compare(report_.wanted, wanted, resolved, 0, 0);
        if (size != wanted.size)
            note("(size)", std::to_string(wanted.size) + " bytes", std::to_string(size) + " bytes", false);
        finish(size == wanted.size);
    }

    std::string type_name(__u32 type_id) const
    {
        const __u32 id = resolve(type_id);
        const struct btf_type* type = btf__type_by_id(types_, id);
        if (type == nullptr)
            return "void";
        if (btf_is_int(type))
            return integer_name(type->size, (btf_int_encoding(type) & BTF_INT_SIGNED) != 0);
        if (btf_is_array(type))
            return type_name(btf_array(type)->type) + "[" + std::to_string(btf_array(type)->nelems) + "]";
        return kind_word(type) + std::string(" ") + name_of(type->name_off);
    }

private:
    static const char* kind_word(const struct btf_type* type)
    {
        if (btf_is_struct(type))
            return "struct";
        if (btf_is_union(type))
            return "union";
        if (btf_is_any_enum(type))
            return "enum";
        if (btf_is_ptr(type))
            return "pointer";
        return "type";
    }

    std::string name_of(__u32 offset) const
    {
        const char* name = btf__name_by_offset(types_, offset);
        return name == nullptr || *name == '\0' ? "(anonymous)" : name;
    }

    /// Behind typedefs and qualifiers. A type number that leads nowhere gives 0, void.
    __u32 resolve(__u32 type_id) const
    {
        const int id = btf__resolve_type(types_, type_id);
        return id < 0 ? 0 : static_cast<__u32>(id);
    }

    std::uint64_t byte_size(__u32 type_id) const
    {
        const auto size = btf__resolve_size(types_, type_id);
        return size < 0 ? 0 : static_cast<std::uint64_t>(size);
    }

    void note(std::string field, std::string wanted, std::string found, bool fatal)
    {
        report_.differences.push_back({std::move(field), std::move(wanted), std::move(found), fatal});
    }

    /// @param id a resolved type
    void compare(const std::string& path, const Shape& wanted, __u32 id, std::uint32_t to, std::uint32_t from)
    {
        const struct btf_type* type = btf__type_by_id(types_, id);
        if (wanted.kind == ShapeKind::integer && type != nullptr && btf_is_int(type))
            compare_integer(path, wanted, type, to, from);
        else if (wanted.kind == ShapeKind::array && type != nullptr && btf_is_array(type))
            compare_array(path, wanted, type, to, from);
        else if (wanted.kind == ShapeKind::structure && type != nullptr && btf_is_struct(type))
            compare_structure(path, wanted, type, to, from);
        else
            note(path, shape_name(wanted), type_name(id), true);
    }

    void compare_integer(const std::string& path, const Shape& wanted, const struct btf_type* type,
                         std::uint32_t to, std::uint32_t from)
    {
        const bool is_signed = (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
        if (type->size != wanted.size || is_signed != wanted.is_signed)
            note(path, shape_name(wanted) + at(to), integer_name(type->size, is_signed) + at(from), true);
        else
            report_.projection.push_back({from, to, wanted.size});
    }

    void compare_array(const std::string& path, const Shape& wanted, const struct btf_type* type,
                       std::uint32_t to, std::uint32_t from)
    {
        const struct btf_array* array = btf_array(type);
        const __u32 element = resolve(array->type);
        if (array->nelems != wanted.count) {
            note(path, std::to_string(wanted.count) + " elements",
                 std::to_string(array->nelems) + " elements", true);
            return;
        }
        // What the first element shows holds for all.
        const auto first = static_cast<std::ptrdiff_t>(report_.projection.size());
        compare(path + "[]", *wanted.element, element, to, from);
        const std::vector<Copy> copies(report_.projection.begin() + first, report_.projection.end());
        const auto stride = static_cast<std::uint32_t>(byte_size(element));
        for (std::uint32_t i = 1; i < wanted.count; i++)
            for (const Copy& copy : copies)
                report_.projection.push_back(
                    {copy.from + i * stride, copy.to + i * wanted.element->size, copy.size});
    }

    void compare_structure(const std::string& path, const Shape& wanted, const struct btf_type* type,
                           std::uint32_t to, std::uint32_t from)
    {
        const struct btf_member* members = btf_members(type);
        const int count = btf_vlen(type);
        for (const FieldShape& field : wanted.fields) {
            const int index = find_member(type, field.name);
            const std::string field_path = join(path, field.name);
            if (index < 0) {
                note(field_path, shape_name(*field.shape) + at(to + field.offset), "", true);
                continue;
            }
            const auto bits = btf_member_bit_offset(type, static_cast<__u32>(index));
            if (btf_member_bitfield_size(type, static_cast<__u32>(index)) != 0 || bits % 8 != 0) {
                note(field_path, shape_name(*field.shape), "bit field", true);
                continue;
            }
            const __u32 member = resolve(members[index].type);
            if (bits / 8 != field.offset)
                note(field_path, shape_name(*field.shape) + at(to + field.offset),
                     type_name(member) + at(from + bits / 8), false);
            compare(field_path, *field.shape, member, to + field.offset, from + bits / 8);
        }
        for (int i = 0; i < count; i++) {
            const std::string name = name_of(members[i].name_off);
            if (std::ranges::find(wanted.fields, std::string_view(name), &FieldShape::name) ==
                wanted.fields.end())
                note(join(path, name), "",
                     type_name(members[i].type) +
                         at(from + btf_member_bit_offset(type, static_cast<__u32>(i)) / 8),
                     false);
        }
    }

    int find_member(const struct btf_type* type, std::string_view name) const
    {
        const struct btf_member* members = btf_members(type);
        for (int i = 0; i < btf_vlen(type); i++)
            if (name_of(members[i].name_off) == name)
                return i;
        return -1;
    }

    /// Field paths start below the type itself.
    std::string join(const std::string& path, std::string_view field) const
    {
        return path == report_.wanted ? std::string(field) : path + "." + std::string(field);
    }

    static std::string at(std::uint32_t offset) { return " at byte " + std::to_string(offset); }

    bool is_fatal() const { return std::ranges::any_of(report_.differences, &Difference::fatal); }

    void finish(bool same_size)
    {
        if (is_fatal()) {
            report_.outcome = Outcome::incompatible;
            report_.projection.clear();
            return;
        }
        merge_copies();
        report_.outcome = report_.differences.empty() && same_size ? Outcome::same : Outcome::compatible;
    }

    /// Neighbouring runs become one.
    void merge_copies()
    {
        std::vector<Copy> merged;
        for (const Copy& copy : report_.projection) {
            if (!merged.empty() && merged.back().from + merged.back().size == copy.from &&
                merged.back().to + merged.back().size == copy.to)
                merged.back().size += copy.size;
            else
                merged.push_back(copy);
        }
        report_.projection = std::move(merged);
    }

    const struct btf* types_;
    LayoutReport& report_;
};

void append_column(std::string& line, std::string_view text, std::size_t width)
{
    line += text;
    line.append(width > text.size() ? width - text.size() : 0, ' ');
    line += "  ";
}

} // namespace

std::string LayoutReport::table() const
{
    if (differences.empty())
        return {};
    std::vector<Difference> rows{{"field", "C++ " + wanted, "map " + found, false}};
    rows.insert(rows.end(), differences.begin(), differences.end());
    std::size_t field_width = 0;
    std::size_t wanted_width = 0;
    std::size_t found_width = 0;
    for (Difference& row : rows) {
        if (row.wanted.empty())
            row.wanted = "-";
        if (row.found.empty())
            row.found = "missing";
        field_width = std::max(field_width, row.field.size());
        wanted_width = std::max(wanted_width, row.wanted.size());
        found_width = std::max(found_width, row.found.size());
    }
    std::string text;
    for (std::size_t i = 0; i < rows.size(); i++) {
        std::string line = "  ";
        append_column(line, rows[i].field, field_width);
        append_column(line, rows[i].wanted, wanted_width);
        append_column(line, rows[i].found, found_width);
        line += i == 0 ? "" : rows[i].fatal ? "refused" : "bridged";
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

LayoutReport compare_layout(const Shape& wanted, const struct btf* types, std::uint32_t type_id)
{
    LayoutReport report;
    Comparison comparison(types, report);
    report.wanted = shape_name(wanted);
    report.found = comparison.type_name(type_id);
    comparison.run(wanted, type_id);
    return report;
}

} // namespace bpfxx
