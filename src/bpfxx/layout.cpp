// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/layout.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bpf/btf.h>

#include "bpfxx/layout_report.hpp"
#include "bpfxx/scalar_fit.hpp"
#include "bpfxx/type_reader.hpp"

namespace bpfxx {

namespace {

using detail::Fit;
using detail::Member;
using detail::TypeReader;

std::string at(std::uint64_t offset)
{
    return " at byte " + std::to_string(offset);
}

/// Field paths start below the type itself.
std::string join(const std::string& path, std::string_view field)
{
    return path.empty() ? std::string(field) : path + "." + std::string(field);
}

/// Neighbouring runs become one.
void merge_copies(std::vector<Copy>& copies, std::size_t first)
{
    std::size_t last = first;
    for (std::size_t i = first + 1; i < copies.size(); i++) {
        if (copies[last].bits == 0 && copies[i].bits == 0 &&
            copies[last].from + copies[last].size == copies[i].from &&
            copies[last].to + copies[last].size == copies[i].to)
            copies[last].size += copies[i].size;
        else
            copies[++last] = copies[i];
    }
    if (first < copies.size())
        copies.resize(last + 1);
}

/// Walks a shape and a BTF type side by side and notes what differs.
class Comparison {
public:
    Comparison(const struct btf* types, LayoutReport& report, bool missing_is_zero)
        : types_(types), report_(report), missing_(missing_is_zero ? Effect::bridged : Effect::refused)
    {
    }

    void run(const Shape& wanted, std::uint32_t type_id)
    {
        const std::uint64_t size = types_.size(type_id);
        compare("", wanted, type_id, 0, 0);
        if (size != wanted.size)
            note("(size)", std::to_string(wanted.size) + " bytes", std::to_string(size) + " bytes",
                 Effect::bridged);
        finish(wanted.size);
    }

private:
    void note(std::string field, std::string wanted, std::string found, Effect effect)
    {
        report_.differences.push_back(
            {field.empty() ? "(type)" : std::move(field), std::move(wanted), std::move(found), effect});
    }

    /// Whether the differences from one on have a line for a field.
    Difference* find_difference(std::size_t first, std::string_view field)
    {
        const auto begin = report_.differences.begin() + static_cast<std::ptrdiff_t>(first);
        const auto found = std::find_if(begin, report_.differences.end(),
                                        [&](const Difference& row) { return row.field == field; });
        return found == report_.differences.end() ? nullptr : &*found;
    }

    /// @param to, from bytes from the start of the C++ object and of the map's value
    void compare(const std::string& path, const Shape& wanted, std::uint32_t type_id, std::uint32_t to,
                 std::uint64_t from)
    {
        const struct btf_type* type = types_.resolved(type_id);
        const bool is_array = type != nullptr && btf_is_array(type);
        const bool is_struct = type != nullptr && btf_is_struct(type);
        const bool is_union = type != nullptr && btf_is_union(type);
        if (from + types_.size(type_id) > most_bytes)
            note(path, detail::shape_name(wanted) + at(to), types_.name(type_id) + at(from), Effect::refused);
        else if (wanted.kind == ShapeKind::array && is_array)
            compare_array(path, wanted, type, to, from);
        else if ((wanted.kind == ShapeKind::structure && is_struct) ||
                 (wanted.kind == ShapeKind::either && is_union))
            compare_members(path, wanted, type, to, from);
        else
            compare_scalar(path, wanted, type_id, to, from);
    }

    void compare_scalar(const std::string& path, const Shape& wanted, std::uint32_t type_id, std::uint32_t to,
                        std::uint64_t from)
    {
        const auto found = types_.scalar(type_id);
        const Fit result = found ? detail::fit(wanted, *found) : Fit::refused;
        if (result != Fit::refused)
            report_.projection.push_back(
                {.from = static_cast<std::uint32_t>(from), .to = to, .size = wanted.size});
        if (result != Fit::same)
            note(path, detail::shape_name(wanted) + at(to), types_.name(type_id) + at(from),
                 result == Fit::renamed ? Effect::same_bytes : Effect::refused);
    }

    void compare_array(const std::string& path, const Shape& wanted, const struct btf_type* type,
                       std::uint32_t to, std::uint64_t from)
    {
        const struct btf_array* array = btf_array(type);
        if (array->nelems != wanted.count) {
            note(path, std::to_string(wanted.count) + " elements",
                 std::to_string(array->nelems) + " elements", Effect::refused);
            return;
        }
        // What the first element shows holds for all.
        const std::size_t first = report_.projection.size();
        const std::size_t first_difference = report_.differences.size();
        const std::string element_path = path + "[]";
        const std::uint64_t stride = types_.size(array->type);
        compare(element_path, *wanted.element, array->type, to, from);
        if (stride != wanted.element->size && find_difference(first_difference, element_path) == nullptr)
            note(element_path, std::to_string(wanted.element->size) + " bytes",
                 std::to_string(stride) + " bytes", Effect::bridged);
        repeat(first, wanted, stride, path);
    }

    /// Repeats the first element's copies for the others.
    void repeat(std::size_t first, const Shape& wanted, std::uint64_t stride, const std::string& path)
    {
        std::vector<Copy>& copies = report_.projection;
        merge_copies(copies, first);
        const std::size_t end = copies.size();
        const std::uint32_t step = wanted.element->size;
        if (end - first == 1 && copies[first].bits == 0 && copies[first].size == step && stride == step) {
            copies[first].size = wanted.size;
            return;
        }
        for (std::size_t i = first; i < end; i++)
            if (copies[i].from + stride * (wanted.count - 1) + copies[i].source_size() > most_bytes) {
                note(path, detail::shape_name(wanted), "beyond any map's value", Effect::refused);
                return;
            }
        for (std::uint32_t index = 1; index < wanted.count; index++)
            for (std::size_t i = first; i < end; i++) {
                Copy next = copies[i];
                next.from = static_cast<std::uint32_t>(next.from + index * stride);
                next.to += index * step;
                copies.push_back(next);
            }
    }

    void compare_members(const std::string& path, const Shape& wanted, const struct btf_type* type,
                         std::uint32_t to, std::uint64_t from)
    {
        const auto members = types_.members(type);
        if (!members) {
            note(path, detail::shape_name(wanted) + at(to), "endless members", Effect::refused);
            return;
        }
        const std::size_t first = report_.projection.size();
        for (const FieldShape& field : wanted.fields) {
            const auto member = std::ranges::find(*members, field.name, &Member::name);
            if (member == members->end())
                note(join(path, field.name), detail::shape_name(*field.shape) + at(to + field.offset), "",
                     missing_);
            else
                compare_field(join(path, field.name), field, *member, to, from);
        }
        if (has_overlap(wanted))
            if (const char* cause = settle_overlap(first, to, wanted.size); cause != nullptr)
                note(path, detail::shape_name(wanted) + at(to), cause, Effect::refused);
        std::vector<Copy> read(report_.projection.begin() + static_cast<std::ptrdiff_t>(first),
                               report_.projection.end());
        std::ranges::sort(read, {}, &Copy::from);
        for (const Member& member : *members)
            if (std::ranges::find(wanted.fields, member.name, &FieldShape::name) == wanted.fields.end())
                note_undescribed(path, member, read, from);
    }

    void compare_field(const std::string& path, const FieldShape& field, const Member& member,
                       std::uint32_t to, std::uint64_t from)
    {
        const std::string wanted = detail::shape_name(*field.shape) + at(to + field.offset);
        const std::string found = types_.name(member.type_id) + place(member, from);
        if (member.field_bits != 0 || member.bit % 8 != 0) {
            const bool fits = compare_bits(field, member, to, from);
            note(path, wanted, found, fits ? Effect::bridged : Effect::refused);
            return;
        }
        const std::size_t first = report_.differences.size();
        compare(path, *field.shape, member.type_id, to + field.offset, from + member.bit / 8);
        if (member.bit / 8 == field.offset)
            return;
        if (Difference* row = find_difference(first, path); row == nullptr)
            report_.differences.insert(report_.differences.begin() + static_cast<std::ptrdiff_t>(first),
                                       {path, wanted, found, Effect::bridged});
        else if (row->effect == Effect::same_bytes)
            row->effect = Effect::bridged;
    }

    /// Whether a bit field can be read as the C++ field; if so, notes how.
    bool compare_bits(const FieldShape& field, const Member& member, std::uint32_t to, std::uint64_t from)
    {
        const auto found = types_.scalar(member.type_id);
        const std::uint64_t first_byte = from + member.bit / 8;
        if (!found || !detail::fits_bits(*field.shape, *found, member.field_bits) ||
            first_byte + sizeof(std::uint64_t) >= most_bytes)
            return false;
        report_.projection.push_back({.from = static_cast<std::uint32_t>(first_byte),
                                      .to = to + field.offset,
                                      .size = field.shape->size,
                                      .bits = static_cast<std::uint8_t>(member.field_bits),
                                      .first_bit = static_cast<std::uint8_t>(member.bit % 8),
                                      .is_signed = found->is_signed});
        return true;
    }

    /// A member of the map's that C++ does not describe. In a union it may be another view of what is read.
    /// @param read in the order of the value
    void note_undescribed(const std::string& path, const Member& member, const std::vector<Copy>& read,
                          std::uint64_t from)
    {
        std::uint64_t begin = from + member.bit / 8;
        const std::uint64_t bits = member.bit % 8 + member.field_bits;
        const std::uint64_t end =
            begin + (member.field_bits != 0 ? (bits + 7) / 8 : types_.size(member.type_id));
        for (const Copy& copy : read)
            if (copy.bits == 0 && copy.from <= begin)
                begin = std::max(begin, std::uint64_t{copy.from} + copy.size);
        const std::string_view name = member.name.empty() ? "(anonymous)" : member.name;
        note(join(path, name), "", types_.name(member.type_id) + place(member, from),
             begin >= end ? Effect::same_bytes : Effect::bridged);
    }

    /// Makes one copy of those that write the same bytes. Returns why it cannot, or null.
    const char* settle_overlap(std::size_t first, std::uint32_t to, std::uint32_t size)
    {
        constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
        std::vector<Copy>& copies = report_.projection;
        std::vector<std::uint64_t> sources(size, none); // of each byte
        for (std::size_t i = first; i < copies.size(); i++) {
            if (copies[i].bits != 0)
                return "its members have bit fields";
            for (std::uint32_t k = 0; k < copies[i].size; k++) {
                std::uint64_t& source = sources[copies[i].to - to + k];
                if (source != none && source != std::uint64_t{copies[i].from} + k)
                    return "its members moved apart";
                source = std::uint64_t{copies[i].from} + k;
            }
        }
        copies.resize(first);
        for (std::uint32_t k = 0; k < size; k++)
            if (sources[k] != none)
                copies.push_back({.from = static_cast<std::uint32_t>(sources[k]), .to = to + k, .size = 1});
        merge_copies(copies, first);
        return nullptr;
    }

    static std::string place(const Member& member, std::uint64_t from)
    {
        const std::uint64_t byte = from + member.bit / 8;
        if (member.field_bits == 0 && member.bit % 8 == 0)
            return at(byte);
        if (member.field_bits <= 1)
            return " bit " + std::to_string(member.bit % 8) + " of byte " + std::to_string(byte);
        return " bits " + std::to_string(member.bit % 8) + ".." +
               std::to_string(member.bit % 8 + member.field_bits - 1) + " of byte " + std::to_string(byte);
    }

    bool has_effect(Effect effect) const
    {
        return std::ranges::find(report_.differences, effect, &Difference::effect) !=
               report_.differences.end();
    }

    void finish(std::uint32_t size)
    {
        if (has_effect(Effect::refused)) {
            report_.outcome = Outcome::incompatible;
            report_.projection.clear();
        } else if (has_effect(Effect::bridged)) {
            report_.outcome = Outcome::compatible;
            merge_copies(report_.projection, 0);
        } else {
            report_.outcome = Outcome::same;
            report_.projection = {{.size = size}};
        }
    }

    static constexpr std::uint64_t most_bytes = std::numeric_limits<std::uint32_t>::max();
    TypeReader types_;
    LayoutReport& report_;
    Effect missing_; ///< of a field that the map has not
};

} // namespace

LayoutReport compare_layout(const Shape& wanted, const struct btf* types, std::uint32_t type_id,
                            bool missing_is_zero)
{
    LayoutReport report;
    report.wanted = detail::shape_name(wanted);
    report.found = TypeReader(types).name(type_id);
    Comparison(types, report, missing_is_zero).run(wanted, type_id);
    return report;
}

} // namespace bpfxx
