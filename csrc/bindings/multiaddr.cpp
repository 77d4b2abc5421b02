#include "idn/identity/multiformats/multiaddr.h"

#include <pybind11/stl.h>

#include "bindings.h"
#include "byte_arguments.h"
#include "value_class.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::Multiaddr;

Multiaddr from_text(const py::str& given) {
  const std::string text = utf8(given);
  return Multiaddr::from_text(text).or_throw("address " + quoted(text));
}

Multiaddr from_bytes(const py::object& data) {
  return Multiaddr::from_bytes(ByteArgument(data).view()).or_throw("the address");
}

std::vector<std::pair<std::string, std::string>> parts(const Multiaddr& self) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const identity::AddressPart& part : self.parts()) {
    pairs.emplace_back(identity::to_string(part.protocol), part.text());
  }
  return pairs;
}

}  // namespace

void bind_multiaddr(py::module_& module) {
  py::class_<Multiaddr> bound(module, "Multiaddr", "A self-describing network address.");
  bound.def(py::init(&from_text), py::arg("text"), "Reads e.g. /ip4/127.0.0.1/tcp/4001.")
      .def_static("from_bytes", &from_bytes, py::arg("data"), "Reads the binary form.")
      .def_property_readonly("parts", &parts, "Name and value of each part, as texts.")
      .def(
          "encapsulate",
          [](const Multiaddr& self, const Multiaddr& inner) {
            return self.encapsulate(inner).or_throw("address " + quoted(inner.text()) + " within " +
                                                    quoted(self.text()));
          },
          py::arg("inner"), "This address with another inside it.")
      .def("decapsulate", &Multiaddr::decapsulate, py::arg("inner"),
           "What is before the last place where inner begins, None if that is the beginning; this address "
           "itself if inner is nowhere in it.");
  def_value(bound, "Multiaddr");
}

}  // namespace idn::bindings
