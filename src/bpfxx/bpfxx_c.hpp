// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/bpfxx.h"
#include "bpfxx/layout.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/map.hpp"

// What is behind the handles of bpfxx.h.

struct bpfxx_map {
    bpfxx::Map map;
};

struct bpfxx_layout {
    bpfxx::Outcome outcome = bpfxx::Outcome::incompatible;
    std::string table;
    std::vector<bpfxx::Copy> projection;
    std::uint32_t map_size = 0;    ///< bytes of the map's value or key
    std::uint32_t wanted_size = 0; ///< bytes of the caller's type
};

struct bpfxx_view {
    bpfxx::Mapping mapping;
    std::uint32_t count = 0;      ///< entries
    std::uint32_t value_size = 0; ///< bytes
};

#pragma GCC visibility push(hidden)
namespace bpfxx::c {

/// Keeps an error for bpfxx_last_error(). @return its errno, negative
int failed(const Error& error) noexcept;
/// The same of an error that needs no more than one fixed line. @param error_number positive
int failed(int error_number, const char* line) noexcept;
inline constexpr const char* null_argument = "cannot go on: an argument is NULL";
/// The error of an argument that makes no sense.
inline int wrong(const char* line) noexcept
{
    return failed(EINVAL, line);
}

/// Empties the caller's handle before anything can fail: nobody then ends what a failed call did not give.
template <class Handle>
void clear(Handle** handle) noexcept
{
    if (handle != nullptr)
        *handle = nullptr;
}

/// Runs the body of a function of the interface: what is thrown in it becomes an errno.
template <class Body>
int guarded(Body body) noexcept
{
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return failed(ENOMEM, "cannot go on: Cannot allocate memory");
    } catch (const std::exception&) {
        return failed(EIO, "cannot go on: an exception was thrown");
    }
}

/// 0, or the error of a result without a value.
inline int outcome_of(const Result<>& result) noexcept
{
    return result ? 0 : failed(result.error());
}

/// A caller's description of a type as shapes, which point to each other.
class Types {
public:
    /// Errors: invalid, with what is wrong.
    [[nodiscard]] Result<const Shape*> add(const bpfxx_type& type);

private:
    [[nodiscard]] Result<const Shape*> add(const bpfxx_type& type, int depth);
    [[nodiscard]] Result<const Shape*> field(const bpfxx_field& field, int depth);
    [[nodiscard]] Result<const Shape*> scalar(std::uint32_t kind, std::uint32_t size, const char* name);

    /// Of a type that is hidden, so that its copies of templates are.
    struct Kept {
        Shape shape;
        std::vector<FieldShape> fields;
    };
    std::deque<Kept> kept_; ///< shapes point to each other: none may move
    std::size_t count_ = 0; ///< fields
};

} // namespace bpfxx::c
#pragma GCC visibility pop
