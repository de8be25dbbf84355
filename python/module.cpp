// SPDX-License-Identifier: BSD-2-Clause
#include "binding.hpp"

#include <string>

#include "counter/pin_root.hpp"

namespace xdpstat::python {

namespace {

const char* name_of(bpfxx::ErrorKind kind)
{
    switch (kind) {
    case bpfxx::ErrorKind::system:
        return "system";
    case bpfxx::ErrorKind::not_found:
        return "not_found";
    case bpfxx::ErrorKind::permission:
        return "permission";
    case bpfxx::ErrorKind::busy:
        return "busy";
    case bpfxx::ErrorKind::incompatible:
        return "incompatible";
    case bpfxx::ErrorKind::unsupported:
        return "unsupported";
    case bpfxx::ErrorKind::invalid:
        break;
    }
    return "invalid";
}

} // namespace

void raise(const bpfxx::Error& error)
{
    namespace py = pybind11;
    const py::object exception =
        py::module_::import("xdpstat._errors")
            .attr("from_parts")(name_of(error.kind()), error.operation().c_str(), error.object().c_str(),
                                bpfxx::errno_of(error), error.hint().c_str(), error.detail().c_str(),
                                error.message().c_str());
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
    throw py::error_already_set();
}

std::string type_name_of(const pybind11::handle& object)
{
    return Py_TYPE(object.ptr())->tp_name;
}

std::string name_from(const pybind11::handle& name, const char* what)
{
    if (!PyUnicode_Check(name.ptr()))
        throw pybind11::type_error(std::string(what) + " is a str, not " + type_name_of(name));
    // The system's names are bytes: those that are no text come as surrogates, as from os.listdir().
    return path_of(name);
}

std::string path_of(const pybind11::handle& path)
{
    const pybind11::object os = pybind11::module_::import("os");
    const pybind11::bytes bytes = os.attr("fsencode")(path);
    std::string text = bytes;
    if (text.find('\0') != std::string::npos)
        throw pybind11::value_error("a path or name holds no NUL");
    return text;
}

} // namespace xdpstat::python

PYBIND11_MODULE(_native, module)
{
    pybind11::options options;
    options.disable_function_signatures(); // the stubs have them
    module.doc() = "The compiled part of xdpstat: import xdpstat instead.";
    module.attr("__version__") = XDPSTAT_MODULE_VERSION;
    module.attr("DEFAULT_PIN_ROOT") = xdpstat::default_pin_root;
    xdpstat::python::add_snapshots(module);
    xdpstat::python::add_counters(module);
    xdpstat::python::add_maps(module);
}
