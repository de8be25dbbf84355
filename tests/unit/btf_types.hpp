// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include <bpf/btf.h>

#include "bpfxx/layout.hpp"
#include "bpfxx/layout_report.hpp"

namespace bpfxx::test {

/// BTF under construction. The numbers that add functions return are the types' ids.
class Types {
public:
    Types() : types_(btf__new_empty(), &btf__free)
    {
        u64 = btf__add_int(types_.get(), "unsigned long long", 8, 0);
        u32 = btf__add_int(types_.get(), "unsigned int", 4, 0);
        u16 = btf__add_int(types_.get(), "unsigned short", 2, 0);
        s16 = btf__add_int(types_.get(), "short", 2, BTF_INT_SIGNED);
        u8 = btf__add_int(types_.get(), "unsigned char", 1, 0);
        alias64 = btf__add_typedef(types_.get(), "__u64", u64);
    }

    struct Member {
        const char* name; ///< null: it has none
        int type;
        std::uint32_t offset; ///< bytes
    };

    int structure(const char* name, std::uint32_t size, std::initializer_list<Member> members)
    {
        return fields(btf__add_struct(types_.get(), name, size), members);
    }

    int either(const char* name, std::uint32_t size, std::initializer_list<Member> members)
    {
        return fields(btf__add_union(types_.get(), name, size), members);
    }

    /// The number of the type that is added next.
    int next() const { return static_cast<int>(btf__type_cnt(types_.get())); }

    int array(int element, std::uint32_t count) { return btf__add_array(types_.get(), u32, element, count); }

    bpfxx::LayoutReport compare(const bpfxx::Shape& shape, int id, bool missing_is_zero = false) const
    {
        return bpfxx::compare_layout(shape, types_.get(), static_cast<std::uint32_t>(id), missing_is_zero);
    }

    struct btf* get() const { return types_.get(); }

    int u64, u32, u16, s16, u8, alias64;

private:
    int fields(int id, std::initializer_list<Member> members)
    {
        for (const Member& member : members)
            btf__add_field(types_.get(), member.name, member.type, member.offset * 8, 0);
        return id;
    }

    std::unique_ptr<struct btf, decltype(&btf__free)> types_;
};

} // namespace bpfxx::test
