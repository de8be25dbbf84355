// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/create.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "bpfxx/layout.hpp"
#include "bpfxx/log.hpp"

namespace bpfxx {

namespace {

struct BtfDeleter {
    void operator()(struct btf* types) const noexcept { btf__free(types); }
};
using BtfPointer = std::unique_ptr<struct btf, BtfDeleter>;

/// The name for BTF, which knows no namespaces. Empty where it would be none in C: the kernel takes no other.
std::string c_name(std::string_view name)
{
    name.remove_prefix(name.rfind(':') + 1);
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return std::ranges::all_of(name, is_word) ? std::string(name) : std::string();
}

/// Writes shapes as BTF, as clang would write the same types in C. Numbers of types as libbpf gives them: negative
/// where memory ran out.
class Writer {
public:
    explicit Writer(struct btf* types) : types_(types) {}

    int add(const Shape& shape)
    {
        switch (shape.kind) {
        case ShapeKind::integer:
            return shape.order == ByteOrder::native ? integer(shape.size, shape.is_signed) : ordered(shape);
        case ShapeKind::boolean:
            return integer("bool", shape.size, BTF_INT_BOOL);
        case ShapeKind::character:
            return integer("char", shape.size, BTF_INT_SIGNED);
        case ShapeKind::floating:
            return floating(shape);
        case ShapeKind::enumeration:
            // Without enumerators, which C++ cannot tell. In this form, also for 8 bytes, kernels before 6.0 take it.
            return btf__add_enum(types_, c_name(shape.name).c_str(), shape.size);
        case ShapeKind::array:
            return array(shape);
        case ShapeKind::structure:
        case ShapeKind::either:
            break;
        }
        return members(shape);
    }

private:
    int integer(const char* name, std::uint32_t size, int encoding)
    {
        const int known = btf__find_by_name_kind(types_, name, BTF_KIND_INT);
        return known > 0 ? known : btf__add_int(types_, name, size, encoding);
    }

    int integer(std::uint32_t size, bool is_signed)
    {
        const std::string name = (is_signed ? "s" : "u") + std::to_string(size * 8);
        return integer(name.c_str(), size, is_signed ? BTF_INT_SIGNED : 0);
    }

    int ordered(const Shape& shape)
    {
        const std::string name =
            (shape.order == ByteOrder::big ? "__be" : "__le") + std::to_string(shape.size * 8);
        const int known = btf__find_by_name_kind(types_, name.c_str(), BTF_KIND_TYPEDEF);
        const int number = known > 0 ? known : integer(shape.size, false);
        return known > 0 || number < 0 ? number : btf__add_typedef(types_, name.c_str(), number);
    }

    int floating(const Shape& shape)
    {
        const char* name = shape.size == sizeof(float) ? "float" : "double";
        const int known = btf__find_by_name_kind(types_, name, BTF_KIND_FLOAT);
        return known > 0 ? known : btf__add_float(types_, name, shape.size);
    }

    int array(const Shape& shape)
    {
        const int element = add(*shape.element);
        const int index = integer(sizeof(std::uint32_t), false);
        return element < 0 || index < 0 ? -ENOMEM : btf__add_array(types_, index, element, shape.count);
    }

    /// A structure or a union.
    int members(const Shape& shape)
    {
        std::vector<FieldShape> fields(shape.fields.begin(), shape.fields.end());
        std::ranges::stable_sort(fields, {}, &FieldShape::offset); // the kernel wants them so
        std::vector<int> types; // first: libbpf adds the fields of the structure that it added last
        for (const FieldShape& field : fields) {
            types.push_back(add(*field.shape));
            if (types.back() < 0)
                return types.back();
        }
        const std::string name = c_name(shape.name);
        const int id = shape.kind == ShapeKind::structure ? btf__add_struct(types_, name.c_str(), shape.size)
                                                          : btf__add_union(types_, name.c_str(), shape.size);
        for (std::size_t i = 0; id > 0 && i < fields.size(); i++)
            if (const int error = btf__add_field(types_, std::string(fields[i].name).c_str(), types[i],
                                                 fields[i].offset * 8, 0);
                error < 0)
                return error;
        return id;
    }

    struct btf* types_;
};

bool takes_btf(const MapSpec& spec)
{
    switch (spec.type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_LPM_TRIE:
        return spec.key != nullptr && spec.value != nullptr;
    default:
        return false;
    }
}

} // namespace

Result<Map> create_map(const MapSpec& spec)
{
    if (spec.name.size() >= BPF_OBJ_NAME_LEN)
        return std::unexpected(
            make_error(ErrorKind::invalid, "create map", spec.name, "its name is longer than 15 characters"));
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = spec.flags);
    if (spec.inner != nullptr)
        options.inner_map_fd = static_cast<__u32>(spec.inner->fd());

    const LogCapture quiet; // what libbpf would print to stderr
    BtfPointer types;
    if (takes_btf(spec)) {
        types.reset(btf__new_empty());
        Writer writer(types.get());
        const int key = types ? writer.add(*spec.key) : -ENOMEM;
        const int value = key > 0 ? writer.add(*spec.value) : -ENOMEM;
        if (value < 0)
            return std::unexpected(system_error("describe", spec.name, ENOMEM));
        // A kernel without BTF makes the map all the same.
        if (btf__load_into_kernel(types.get()) == 0) {
            options.btf_fd = static_cast<__u32>(btf__fd(types.get()));
            options.btf_key_type_id = static_cast<__u32>(key);
            options.btf_value_type_id = static_cast<__u32>(value);
        }
    }
    Fd fd(bpf_map_create(static_cast<enum bpf_map_type>(spec.type), spec.name.c_str(),
                         spec.key != nullptr ? spec.key->size : 0,
                         spec.value != nullptr ? spec.value->size : 0, spec.max_entries, &options));
    if (!fd)
        return std::unexpected(system_error("create " + map_type_name(spec.type) + " map", spec.name, errno));
    return Map::from_fd(std::move(fd));
}

} // namespace bpfxx
