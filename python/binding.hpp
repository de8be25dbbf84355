// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <pybind11/pybind11.h>

#include "bpfxx/error.hpp"
#include "bpfxx/value.hpp"
#include "restore_thread.h"

// What the parts of the module share. Python objects are touched only by a thread that holds the interpreter's lock (the
// GIL); what waits, and every system call, runs without it, and takes no lock of its own meanwhile that a thread with the
// GIL might wait for.
namespace xdpstat::python {

/// Raises the exception of _errors.py that an error's kind names. Needs the GIL.
[[noreturn]] void raise(const bpfxx::Error& error);

/// The value of a result, or its error raised. Needs the GIL.
template <class T>
T take(bpfxx::Result<T> result)
{
    if (!result)
        raise(result.error());
    return std::move(*result);
}
inline void take(const bpfxx::Result<>& result)
{
    if (!result)
        raise(result.error());
}

/// Calls a function without the GIL, and returns what it returns. No destructor takes the GIL back: the interpreter may
/// end the thread there, and a destructor must not be left in that way.
template <class Function>
auto without_gil(Function function)
{
    using Returned = std::invoke_result_t<Function&>;
    // A function that returns nothing is one that returns an empty value.
    using Kept = std::conditional_t<std::is_void_v<Returned>, bool, Returned>;
    std::optional<Kept> returned;
    std::exception_ptr thrown;
    PyThreadState* const thread = PyEval_SaveThread();
    try {
        if constexpr (std::is_void_v<Returned>)
            function();
        else
            returned.emplace(function());
    } catch (...) {
        thrown = std::current_exception();
    }
    xdpstat_restore_thread(thread);
    if (thrown)
        std::rethrow_exception(thrown);
    if constexpr (!std::is_void_v<Returned>)
        return std::move(*returned);
}

/// The path that a str, bytes or os.PathLike names. Raises TypeError; ValueError where it holds a NUL.
[[nodiscard]] std::string path_of(const pybind11::handle& path);
/// The name of a thing, a str. Raises TypeError; ValueError where it holds a NUL. @param what "an interface's name"
[[nodiscard]] std::string name_from(const pybind11::handle& name, const char* what);
/// For messages: the name of an object's type.
[[nodiscard]] std::string type_name_of(const pybind11::handle& object);

/// A value as plain Python objects: dict, list, int, str, bytes, float, bool, None.
[[nodiscard]] pybind11::object to_python(const bpfxx::Value& value);
/// The opposite, for keys. Borrows texts from the object. Raises TypeError, OverflowError.
[[nodiscard]] bpfxx::Value from_python(const pybind11::handle& object);

// Each adds its classes and functions.
void add_snapshots(pybind11::module_& module);
void add_counters(pybind11::module_& module);
void add_maps(pybind11::module_& module);

} // namespace xdpstat::python
