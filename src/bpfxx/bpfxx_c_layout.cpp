// SPDX-License-Identifier: BSD-2-Clause
//
// Layouts and views through bpfxx.h.
#include <memory>
#include <string>

#include "bpfxx/bpfxx.h"
#include "bpfxx/bpfxx_c.hpp"
#include "bpfxx/relaxed.hpp"

namespace bpfxx::c {

namespace {

/// Keys or values.
struct Side {
    Result<Layout> (Map::*check)(const Shape&, Proof) const;
    std::uint32_t size;
    std::uint32_t type_id;
};

/// The heading of a table of differences, of as many characters, for a caller whose type is one of C.
void name_language(std::string& table)
{
    constexpr std::string_view theirs = "C++ ";
    constexpr std::string_view ours = "C ";
    const std::size_t at = table.find(theirs);
    const std::size_t gap = table.find("  ", at); // before the next column
    if (at == std::string::npos || gap > table.find('\n'))
        return;
    table.insert(gap, theirs.size() - ours.size(), ' ');
    table.replace(at, theirs.size(), ours);
}

/// The error where no BTF can be compared, with what a C program can do then.
Error unproved(const Map& map, int error_number)
{
    constexpr const char* hint = "if you know the layout, compare the sizes and copy the bytes";
    if (error_number == EPERM)
        return system_error("read the BTF of", map.label(), error_number,
                            std::string("it needs CAP_SYS_ADMIN; ") + hint);
    return make_error(ErrorKind::incompatible, "compare the layout of", map.label(),
                      "it has no BTF, so its layout cannot be proved", hint);
}

int check(const bpfxx_map& handle, const Side& side, const bpfxx_type& type, bpfxx_layout** layout)
{
    const Map& map = handle.map;
    Types types;
    const auto wanted = types.add(type);
    if (!wanted)
        return failed(wanted.error());
    if (map.info().btf_id == 0 || side.type_id == 0)
        return failed(unproved(map, 0));
    auto found = std::make_unique<bpfxx_layout>();
    found->map_size = side.size;
    found->wanted_size = type.size;
    const auto compared = (map.*side.check)(**wanted, Proof::btf);
    if (compared) {
        if (const LayoutReport* proved = compared->report(); proved != nullptr) { // only Proof::size has none
            found->outcome = proved->outcome;
            found->table = proved->table();
            found->projection = proved->projection;
        }
    } else if (const Error& error = compared.error(); error.kind() == ErrorKind::incompatible) {
        found->table =
            error.detail().empty() ? std::string(error.message()) + "\n" : std::string(error.detail());
    } else {
        return failed(errno_of(error) == EPERM ? unproved(map, EPERM) : error);
    }
    name_language(found->table);
    const Outcome outcome = found->outcome;
    if (layout != nullptr)
        *layout = found.release();
    return outcome == Outcome::same         ? BPFXX_SAME
           : outcome == Outcome::compatible ? BPFXX_COMPATIBLE
                                            : BPFXX_INCOMPATIBLE;
}

/// Whether a value of `from_size` bytes can be read by a layout into `to_size` bytes; else the errno.
int fits(const bpfxx_layout& layout, std::size_t from_size, std::size_t to_size)
{
    if (layout.outcome == Outcome::incompatible)
        return failed(EMEDIUMTYPE, "cannot read a value: its layout is incompatible");
    if (from_size < layout.map_size || to_size < layout.wanted_size)
        return wrong("cannot read a value: a buffer is too short for the layout");
    return 0;
}

const std::byte* value_at(const bpfxx_view& view, std::uint32_t index)
{
    return view.mapping.data() + std::size_t{index} * value_stride(view.value_size);
}

int beyond_the_last()
{
    return failed(ENOENT, "cannot read an entry: its number is beyond the last");
}

} // namespace

} // namespace bpfxx::c

using namespace bpfxx::c; // NOLINT(google-build-using-namespace): what follows has no namespace

int bpfxx_map_check_value(const bpfxx_map* map, const bpfxx_type* type, bpfxx_layout** layout)
{
    clear(layout);
    if (map == nullptr || type == nullptr)
        return wrong(null_argument);
    return guarded([&] {
        const bpfxx::MapInfo& info = map->map.info();
        return check(*map, {&bpfxx::Map::check_value, info.value_size, info.value_type_id}, *type, layout);
    });
}

int bpfxx_map_check_key(const bpfxx_map* map, const bpfxx_type* type, bpfxx_layout** layout)
{
    clear(layout);
    if (map == nullptr || type == nullptr)
        return wrong(null_argument);
    return guarded([&] {
        const bpfxx::MapInfo& info = map->map.info();
        return check(*map, {&bpfxx::Map::check_key, info.key_size, info.key_type_id}, *type, layout);
    });
}

void bpfxx_layout_free(bpfxx_layout* layout)
{
    delete layout;
}

int bpfxx_layout_outcome(const bpfxx_layout* layout)
{
    if (layout == nullptr)
        return wrong(null_argument);
    switch (layout->outcome) {
    case bpfxx::Outcome::same:
        return BPFXX_SAME;
    case bpfxx::Outcome::compatible:
        return BPFXX_COMPATIBLE;
    case bpfxx::Outcome::incompatible:
        break;
    }
    return BPFXX_INCOMPATIBLE;
}

const char* bpfxx_layout_table(const bpfxx_layout* layout)
{
    return layout != nullptr ? layout->table.c_str() : "";
}

int bpfxx_layout_read(const bpfxx_layout* layout, const void* value, size_t value_size, void* to,
                      size_t to_size)
{
    if (layout == nullptr || value == nullptr || to == nullptr)
        return wrong(null_argument);
    if (const int error = fits(*layout, value_size, to_size); error != 0)
        return error;
    bpfxx::project(layout->projection, static_cast<const std::byte*>(value), to);
    return 0;
}

int bpfxx_view_open(const bpfxx_map* map, bpfxx_view** view)
{
    clear(view);
    if (map == nullptr || view == nullptr)
        return wrong(null_argument);
    return guarded([&] {
        auto mapping = map->map.map_read_only();
        if (!mapping)
            return failed(mapping.error());
        *view = new bpfxx_view{.mapping = std::move(*mapping),
                               .count = map->map.info().max_entries,
                               .value_size = map->map.info().value_size};
        return 0;
    });
}

void bpfxx_view_close(bpfxx_view* view)
{
    delete view;
}

uint32_t bpfxx_view_count(const bpfxx_view* view)
{
    return view != nullptr ? view->count : 0;
}

uint32_t bpfxx_view_value_size(const bpfxx_view* view)
{
    return view != nullptr ? view->value_size : 0;
}

int bpfxx_view_read(const bpfxx_view* view, uint32_t index, void* to, size_t to_size)
{
    if (view == nullptr || to == nullptr)
        return wrong(null_argument);
    if (index >= view->count)
        return beyond_the_last();
    if (to_size < view->value_size)
        return wrong("cannot read an entry: the buffer is shorter than a value");
    bpfxx::detail::copy_relaxed(value_at(*view, index), static_cast<std::byte*>(to), view->value_size);
    return 0;
}

int bpfxx_view_read_as(const bpfxx_view* view, const bpfxx_layout* layout, uint32_t index, void* to,
                       size_t to_size)
{
    if (view == nullptr || layout == nullptr || to == nullptr)
        return wrong(null_argument);
    if (index >= view->count)
        return beyond_the_last();
    if (const int error = fits(*layout, view->value_size, to_size); error != 0)
        return error;
    for (const bpfxx::Copy& copy : layout->projection)
        bpfxx::detail::copy_relaxed(copy, value_at(*view, index) + copy.from,
                                    static_cast<std::byte*>(to) + copy.to);
    return 0;
}

int bpfxx_view_snapshot(const bpfxx_view* view, void* to, size_t to_size)
{
    if (view == nullptr || to == nullptr)
        return wrong(null_argument);
    if (to_size < std::size_t{view->count} * view->value_size)
        return wrong("cannot read all entries: the buffer is shorter than they are");
    auto* at = static_cast<std::byte*>(to);
    for (std::uint32_t index = 0; index < view->count; index++, at += view->value_size)
        bpfxx::detail::copy_relaxed(value_at(*view, index), at, view->value_size);
    return 0;
}

int bpfxx_view_sum(const bpfxx_view* view, uint64_t* sums, size_t count)
{
    if (view == nullptr || sums == nullptr)
        return wrong(null_argument);
    if (view->value_size % sizeof(uint64_t) != 0 || count != view->value_size / sizeof(uint64_t))
        return wrong("cannot add up entries: a value is not of so many 64-bit counters");
    std::memset(sums, 0, view->value_size);
    for (std::uint32_t index = 0; index < view->count; index++)
        for (std::size_t i = 0; i < count; i++)
            sums[i] += bpfxx::detail::load_relaxed<uint64_t>(value_at(*view, index) + i * sizeof(uint64_t));
    return 0;
}
