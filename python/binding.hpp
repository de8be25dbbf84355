// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <utility>

#include <pybind11/pybind11.h>

#include "bpfxx/error.hpp"
#include "bpfxx/value.hpp"

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

/// Calls a function without the GIL, and returns what it returns.
template <class Function>
auto without_gil(Function function)
{
    const pybind11::gil_scoped_release release;
    return function();
}

/// The path that a str, bytes or os.PathLike names.
[[nodiscard]] std::string path_of(const pybind11::handle& path);

/// A value as plain Python objects: dict, list, int, str, bytes, float, bool, None.
[[nodiscard]] pybind11::object to_python(const bpfxx::Value& value);
/// The opposite, for keys. Borrows texts from the object. Raises TypeError, OverflowError.
[[nodiscard]] bpfxx::Value from_python(const pybind11::handle& object);

// Each adds its classes and functions.
void add_snapshots(pybind11::module_& module);
void add_counters(pybind11::module_& module);
void add_maps(pybind11::module_& module);

} // namespace xdpstat::python
