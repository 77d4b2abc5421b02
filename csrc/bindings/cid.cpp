#include "idn/identity/multiformats/cid.h"

#include "bindings.h"
#include "byte_arguments.h"
#include "value_class.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_cid(py::module_& module) {
  using identity::Cid;
  using identity::Multihash;
  py::class_<Cid> bound(module, "Cid", "A content identifier: version, codec and hash.");
  bound
      .def(py::init([](const py::str& given) {
             const std::string text = utf8(given);
             return Cid::from_text(text).or_throw("CID " + quoted(text));
           }),
           py::arg("text"),
           "Reads what str() writes: base32 for version 1, base58btc for version 0. A text of another base "
           "goes "
           "through multibase.decode and from_bytes.")
      .def_static(
          "from_bytes",
          [](const py::object& data) {
            return Cid::from_bytes(ByteArgument(data).view()).or_throw("the CID");
          },
          py::arg("data"), "Reads either version.")
      .def_static(
          "of",
          [](const py::object& data, const std::string& codec, const std::string& function) {
            const ByteArgument argument(data);
            const auto content = identity::codec(codec);
            const auto chosen = identity::hash_function(function);
            const py::gil_scoped_release release;
            return Cid::of(argument.view(), content, chosen);
          },
          py::arg("data"), py::arg("codec") = "raw", py::arg("function") = "sha2-256", "Version 1 of data.")
      .def_static(
          "v1",
          [](const std::string& codec, const Multihash& hash) {
            return Cid::v1(identity::codec(codec), hash);
          },
          py::arg("codec"), py::arg("hash"), "Version 1 of a hash.")
      .def_static(
          "v0", [](const Multihash& hash) { return Cid::v0(hash).or_throw("the hash"); }, py::arg("hash"),
          "Version 0: a bare SHA2-256 multihash of a dag-pb block.")
      .def_property_readonly("version", &Cid::version, "0 or 1.")
      .def_property_readonly(
          "codec", [](const Cid& self) { return identity::to_string(self.codec()); },
          "The multicodec name of what the bytes are.")
      .def_property_readonly("hash", &Cid::hash, "The multihash.");
  def_value(bound, "Cid");
}

}  // namespace idn::bindings
