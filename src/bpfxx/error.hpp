// SPDX-License-Identifier: BSD-2-Clause
/// @file
/// Failures that say what was tried, on what, and what to do next.
#pragma once

#include <expected>
#include <string>

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

/// A failure that keeps its parts: what was tried on what, why it failed, and what to do next.
struct Error {
    ErrorKind kind = ErrorKind::system; ///< for a caller that acts on it
    std::string operation;              ///< "attach", "open the map"
    std::string object;                 ///< an interface, a path, a map's name
    int error_number = 0;               ///< errno, or 0 where no system call failed
    std::string cause;                  ///< in place of errno's text where more is known
    std::string hint;                   ///< the next step, or empty
    std::string detail; ///< further lines for a person: a table of differences, the verifier's log; or empty

    /// One line: "cannot OPERATION OBJECT: CAUSE; HINT".
    [[nodiscard]] std::string message() const;
};

/// What a function that can fail returns: a value, or why there is none. Nothing in bpfxx throws but the standard
/// library for want of memory.
template <class T = void>
using Result = std::expected<T, Error>;

/// The error of a failed system call, its kind taken from errno.
/// @param operation what was tried: "open" @param object on what: a path, a name @param error_number a positive
/// errno value @param hint the next step, or empty
[[nodiscard]] Error system_error(std::string operation, std::string object, int error_number,
                                 std::string hint = {});

/// An error that no system call reported.
[[nodiscard]] Error make_error(ErrorKind kind, std::string operation, std::string object, std::string cause,
                               std::string hint = {});

} // namespace bpfxx

/// Leaves the function with the error of EXPRESSION, a Result, where it has one.
#define BPFXX_TRY(expression)                                                                                \
    do {                                                                                                     \
        if (auto bpfxx_result = (expression); !bpfxx_result)                                                 \
            return std::unexpected(std::move(bpfxx_result).error());                                         \
    } while (false)
