#include "idn/identity/multiformats/multihash.h"

#include "bindings.h"
#include "byte_arguments.h"
#include "value_class.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_multihash(py::module_& module) {
  using identity::Multihash;
  py::class_<Multihash> bound(module, "Multihash", "A digest that says which function made it.");
  bound
      .def(py::init([](const py::str& given) {
             const std::string text = utf8(given);
             return Multihash::from_text(text).or_throw("multihash " + quoted(text));
           }),
           py::arg("text"), "Reads base58btc without a naming character.")
      .def_static(
          "from_bytes",
          [](const py::object& data) {
            return Multihash::from_bytes(ByteArgument(data).view()).or_throw("the multihash");
          },
          py::arg("data"), "Reads code, length and digest.")
      .def_static(
          "digest",
          [](const py::object& data, const std::string& function) {
            const ByteArgument argument(data);
            const auto chosen = identity::hash_function(function);
            const py::gil_scoped_release release;
            return Multihash::digest(argument.view(), chosen);
          },
          py::arg("data"), py::arg("function") = "sha2-256", "Hashes data.")
      .def_static(
          "of_digest",
          [](const py::object& digest, const std::string& function) {
            return Multihash::of_digest(identity::hash_function(function), ByteArgument(digest).view())
                .or_throw("the digest");
          },
          py::arg("digest"), py::arg("function"), "A digest computed elsewhere.")
      .def_property_readonly(
          "function", [](const Multihash& self) { return identity::to_string(self.function()); },
          "The multicodec name of the hash function.")
      .def_property_readonly(
          "code", [](const Multihash& self) { return static_cast<std::uint64_t>(self.function()); },
          "The multicodec code of the hash function.")
      .def_property_readonly(
          "digest_bytes", [](const Multihash& self) { return to_python(self.digest_bytes()); },
          "The digest alone.")
      .def(
          "matches",
          [](const Multihash& self, const py::object& data) {
            const ByteArgument argument(data);
            const py::gil_scoped_release release;
            return self.matches(argument.view());
          },
          py::arg("data"), "Whether data hashes to this.");
  def_value(bound, "Multihash");
}

}  // namespace idn::bindings
