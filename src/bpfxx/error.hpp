// SPDX-License-Identifier: BSD-2-Clause
/// @file
/// Failures that say what was tried, on what, and what to do next.
#pragma once

#include <expected>

#include "bpfxx/text.hpp"

/// Typed access to BPF maps: a C++ type described once, and proved against the map's BTF before a byte is read as it.
namespace bpfxx {

/// What kind of failure it is, for a caller that acts on it; the text is for people.
enum class ErrorKind {
    system,       ///< the kernel refused for a reason that errno alone tells
    not_found,    ///< the object is not there
    permission,   ///< a capability or a file permission is missing
    busy,         ///< somebody else holds it
    incompatible, ///< it is there, but of another kind, size or layout
    unsupported,  ///< this kernel or driver cannot do it
    invalid,      ///< the caller's argument makes no sense
};

/// A failure that keeps its parts: what was tried on what, why it failed, and what to do next. As large as a pointer:
/// its parts are allocated, by a failure only. One that was moved from, or made from nothing, has empty parts.
/// What its functions return is borrowed: valid until it is changed or ends. Thread-safe for reading.
class Error {
public:
    /// Nothing.
    Error() = default;
    /// See make_error() and system_error(). @param kind, operation, object, error_number, cause, hint the parts of
    /// the same names
    Error(ErrorKind kind, Text operation, Text object, int error_number, Text cause, Text hint);
    /// A copy of the parts.
    Error(const Error& other);
    /// The other is then empty.
    Error(Error&& other) noexcept : parts_(other.parts_) { other.parts_ = nullptr; }
    /// A copy of the parts.
    Error& operator=(const Error& other);
    /// The other is then empty, or has the parts of this one.
    Error& operator=(Error&& other) noexcept
    {
        Parts* const parts = other.parts_;
        other.parts_ = parts_;
        parts_ = parts;
        return *this;
    }
    ~Error()
    {
        if (parts_ != nullptr)
            discard(parts_);
    }

    /// For a caller that acts on it.
    [[nodiscard]] ErrorKind kind() const noexcept;
    /// "attach", "open the map".
    [[nodiscard]] Text operation() const noexcept;
    /// An interface, a path, a map's name.
    [[nodiscard]] Text object() const noexcept;
    /// errno, or 0 where no system call failed.
    [[nodiscard]] int error_number() const noexcept;
    /// Why: errno's text where no more is known.
    [[nodiscard]] Text cause() const noexcept;
    /// The next step, or empty.
    [[nodiscard]] Text hint() const noexcept;
    /// Further lines for a person: a table of differences, the verifier's log; or empty.
    [[nodiscard]] Text detail() const noexcept;
    /// One line: "cannot OPERATION OBJECT: CAUSE; HINT".
    [[nodiscard]] Text message() const noexcept;

    // For those who know more of a failure than who reported it.

    /// Another kind.
    void set_kind(ErrorKind kind);
    /// What was tried, in other words.
    void set_operation(Text operation);
    /// What on.
    void set_object(Text object);
    /// In place of errno's text.
    void set_cause(Text cause);
    /// Another next step.
    void set_hint(Text hint);
    /// Further lines, each with its newline.
    void set_detail(Text detail);

private:
    struct Parts;
    static void discard(Parts* parts) noexcept;
    [[nodiscard]] Parts& own_parts();

    Parts* parts_ = nullptr;
};

/// What a function that can fail returns: a value, or why there is none. Nothing in bpfxx throws but the standard
/// library for want of memory.
template <class T = void>
using Result = std::expected<T, Error>;

/// A positive errno for callers that act on a number alone: that of the system call, or where none failed, and where
/// older kernels say the same in many ways, one that stands for the kind.
[[nodiscard]] int errno_of(const Error& error) noexcept;

/// The error of a failed system call, its kind taken from errno.
/// @param operation what was tried: "open" @param object on what: a path, a name @param error_number a positive
/// errno value @param hint the next step, or empty
[[nodiscard]] Error system_error(Text operation, Text object, int error_number, Text hint = {});

/// An error that no system call reported.
[[nodiscard]] Error make_error(ErrorKind kind, Text operation, Text object, Text cause, Text hint = {});

} // namespace bpfxx

/// Leaves the function with the error of EXPRESSION, a Result, where it has one.
#define BPFXX_TRY(expression)                                                                                \
    do {                                                                                                     \
        if (auto bpfxx_result = (expression); !bpfxx_result)                                                 \
            return std::unexpected(std::move(bpfxx_result).error());                                         \
    } while (false)
