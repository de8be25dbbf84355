// SPDX-License-Identifier: BSD-2-Clause
//
// Values of maps as Python objects, and back.
#include "binding.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

namespace py = pybind11;

namespace xdpstat::python {

namespace {

using bpfxx::Value;
using bpfxx::ValueKind;
using bpfxx::Wide;

constexpr std::size_t wide_bytes = sizeof(Wide);

bool is_negative(const Value& value)
{
    return value.is_signed && value.number >> 127U != 0;
}

/// A whole number of any size, exactly.
py::int_ integer(const Value& value)
{
    const Wide number = value.number;
    if (number <= std::numeric_limits<std::uint64_t>::max())
        return static_cast<std::uint64_t>(number);
    if (is_negative(value) && Wide{0} - number <= std::uint64_t{1} << 63U)
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(number));
    std::string bytes;
    for (std::size_t i = 0; i < wide_bytes; i++)
        bytes += static_cast<char>(static_cast<unsigned char>(number >> (i * 8) & 0xffU));
    const auto type = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(&PyLong_Type));
    return type.attr("from_bytes")(py::bytes(bytes), "little", py::arg("signed") = is_negative(value));
}

std::string_view text_of(const py::handle& object)
{
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
    if (text == nullptr)
        throw py::error_already_set();
    return {text, static_cast<std::size_t>(size)};
}

Value number_of(const py::handle& object)
{
    Value value;
    value.kind = PyBool_Check(object.ptr()) ? ValueKind::boolean : ValueKind::integer;
    value.is_signed = object.attr("__lt__")(0).cast<bool>();
    const py::bytes bytes =
        object.attr("to_bytes")(wide_bytes, "little", py::arg("signed") = value.is_signed);
    const std::string digits = bytes;
    for (std::size_t i = wide_bytes; i-- > 0;)
        value.number = value.number << 8U | static_cast<unsigned char>(digits[i]);
    return value;
}

} // namespace

py::object to_python(const Value& value)
{
    switch (value.kind) {
    case ValueKind::none:
        break;
    case ValueKind::structure:
    case ValueKind::overlay: {
        py::dict fields;
        for (const Value& part : value.parts)
            if (!part.name.empty())
                fields[py::str(part.name.data(), part.name.size())] = to_python(part);
        return fields;
    }
    case ValueKind::array: {
        py::list elements;
        for (const Value& part : value.parts)
            elements.append(to_python(part));
        return elements;
    }
    case ValueKind::enumerator:
        if (!value.symbol.empty())
            return py::str(value.symbol.data(), value.symbol.size());
        return integer(value);
    case ValueKind::integer:
    case ValueKind::character:
    case ValueKind::pointer:
        return integer(value);
    case ValueKind::boolean:
        return py::bool_(value.number != 0);
    case ValueKind::floating:
        return py::float_(value.real);
    case ValueKind::text:
        return py::str(value.bytes);
    case ValueKind::octets:
    case ValueKind::untyped:
        return py::bytes(value.bytes);
    }
    return py::none();
}

Value from_python(const py::handle& object)
{
    Value value;
    if (PyLong_Check(object.ptr()))
        return number_of(object);
    if (PyFloat_Check(object.ptr())) {
        value.kind = ValueKind::floating;
        value.real = PyFloat_AsDouble(object.ptr());
    } else if (PyUnicode_Check(object.ptr())) {
        value.kind = ValueKind::text;
        value.bytes = text_of(object);
    } else if (PyBytes_Check(object.ptr())) {
        value.kind = ValueKind::octets;
        value.bytes = std::string(py::reinterpret_borrow<py::bytes>(object));
    } else if (PyDict_Check(object.ptr())) {
        value.kind = ValueKind::structure;
        for (const auto& [name, part] : py::reinterpret_borrow<py::dict>(object)) {
            if (!PyUnicode_Check(name.ptr()))
                throw py::type_error("a key's dict has the names of members, which are str");
            value.parts.push_back(from_python(part));
            value.parts.back().name = text_of(name);
        }
    } else if (PyList_Check(object.ptr()) || PyTuple_Check(object.ptr())) {
        value.kind = ValueKind::array;
        for (const py::handle& element : py::reinterpret_borrow<py::sequence>(object))
            value.parts.push_back(from_python(element));
    } else {
        throw py::type_error("a key is a dict, list, tuple, int, bool, float, str or bytes");
    }
    return value;
}

} // namespace xdpstat::python
