#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "byte_arguments.h"

namespace idn::bindings {

/// Gives a class with bytes(), text(), from_bytes() and an order what Python expects of a value.
template <class T>
void def_value(pybind11::class_<T>& bound, const std::string& name) {
  namespace py = pybind11;
  bound.def(
           "bytes", [](const T& self) { return to_python(self.bytes()); }, "The binary form.")
      .def("__bytes__", [](const T& self) { return to_python(self.bytes()); })
      .def("__str__", &T::text)
      .def("__repr__",
           [name](const T& self) {
             return name + "(" + py::repr(py::str(self.text())).template cast<std::string>() + ")";
           })
      .def("__hash__", [](const T& self) { return py::hash(to_python(self.bytes())); })
      .def("__eq__",
           [](const T& self, const py::object& other) {
             return py::isinstance<T>(other) && self == other.cast<const T&>();
           })
      .def("__lt__", [](const T& self, const T& other) { return self < other; })
      .def(py::pickle([](const T& self) { return to_python(self.bytes()); },
                      [name](const py::bytes& data) {
                        return T::from_bytes(ByteArgument(data).view()).or_throw("the pickled " + name);
                      }));
}

}  // namespace idn::bindings
