// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/layout.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/projection.hpp"
#include "bpfxx/relaxed.hpp"

namespace bpfxx {

/// A global variable of a BPF program, read where it lies: no system call, no capability, no allocation. Keeps its
/// mapping. Thread-safe; each word is read atomically, a whole value is not: a writer may be between two fields.
/// @tparam T an integer, or another type that layout.hpp lists
template <class T>
class Global {
public:
    /// Its value now.
    [[nodiscard]] T read() const noexcept
    {
        if constexpr (sizeof(T) % sizeof(std::uint64_t) == 0)
            if (is_direct_)
                return detail::read_words<T>(from_);
        return detail::read_projected<T>(layout_.projection(), from_);
    }
    /// The comparison of the variable with T, of layout_report.hpp. Borrowed.
    [[nodiscard]] const LayoutReport* layout() const noexcept { return layout_.report(); }

private:
    friend class GlobalData;
    Global(std::shared_ptr<const Mapping> mapping, std::uint32_t offset, Layout layout)
        : mapping_(std::move(mapping)), from_(mapping_->data() + offset), layout_(std::move(layout)),
          is_direct_(layout_.is_direct() && offset % sizeof(std::uint64_t) == 0)
    {
    }

    std::shared_ptr<const Mapping> mapping_;
    const std::byte* from_;
    Layout layout_;
    bool is_direct_;
};

/// The global variables of a BPF program that somebody has loaded: its map of the section .bss, .data or .rodata, read
/// by the variables' names. For a program of one's own, Skeleton has them typed by the compiler. Kernel 5.5. Thread-safe.
class GlobalData : public OpensMaps<GlobalData> {
public:
    /// Maps the section and closes the map's descriptor. Errors: unsupported where the map is not mmapable;
    /// incompatible where its BTF has no variables; permission (reading BTF needs CAP_SYS_ADMIN).
    [[nodiscard]] static Result<GlobalData> open(Map map);
    /// The other must not be used again.
    GlobalData(GlobalData&&) noexcept;
    /// Likewise.
    GlobalData& operator=(GlobalData&&) noexcept;
    ~GlobalData();

    /// Errors: not_found, with the names that there are; incompatible, with the table of all differences in `detail`.
    template <class T>
    [[nodiscard]] Result<Global<T>> variable(const std::string& name) const
    {
        auto found = find(name, shape<T>);
        if (!found)
            return std::unexpected(std::move(found).error());
        return Global<T>(mapping_, found->offset, std::move(found->layout));
    }

    /// Names of all variables, in the order of the section.
    [[nodiscard]] std::vector<std::string> names() const;
    /// Of the map of the section.
    [[nodiscard]] const MapInfo& info() const noexcept;

private:
    struct State;
    struct Found {
        std::uint32_t offset = 0; ///< bytes from the section's start
        Layout layout;
    };
    GlobalData(std::unique_ptr<State> state, std::shared_ptr<const Mapping> mapping) noexcept;
    [[nodiscard]] Result<Found> find(const std::string& name, const Shape& wanted) const;

    std::unique_ptr<State> state_;
    std::shared_ptr<const Mapping> mapping_;
};

} // namespace bpfxx
