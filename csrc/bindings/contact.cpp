#include "idn/identity/contact.h"

#include <pybind11/operators.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "integer_argument.h"
#include "signed_record.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::Contact;
using identity::Multiaddr;
using identity::Multihash;
using identity::SignedRecord;

Contact make(const Multihash& node_id, const std::vector<py::object>& addresses,
             const py::object& transport_key, const IntegerArgument& sequence) {
  Contact contact{.node_id = node_id,
                  .addresses = {},
                  .transport_key = exact_bytes<32>(transport_key, "transport_key"),
                  .sequence = sequence.within<std::int64_t>("sequence", 0)};
  for (const py::object& address : addresses) {
    const std::string text = utf8(py::str(address));
    contact.addresses.push_back(Multiaddr::from_text(text).or_throw("address " + quoted(text)));
  }
  return contact;
}

std::string shown(const Contact& self) {
  return "<Contact " + self.node_id.text() + ", " + std::to_string(self.addresses.size()) +
         " addresses, sequence " + std::to_string(self.sequence) + ">";
}

constexpr const char* kClassDoc =
    "Where a node can be reached, and with which transport key.\n\n"
    ":param node_id: the multihash of the node's public key, by SHA2-256, SHA3-256 or Keccak-256.\n"
    ":param addresses: multiaddrs or their texts, the one to try first, first; at most 16.\n"
    ":param transport_key: the CURVE public key, 32 bytes.\n"
    ":param sequence: greater in a newer contact of the node.\n"
    ":raises ValueError: for an address that is none, a key of another length, or a sequence that is not "
    "from "
    "0 to 2^63 - 1.";
constexpr const char* kSignDoc =
    "Make a record of this, of the domain \"idn/contact\".\n\n"
    ":param identity: the node's own, as `SignedRecord.sign` takes it.\n"
    ":raises ValueError: if the node ID is another's, or there are too many addresses.";
constexpr const char* kFromRecordDoc =
    "Read the contact in a record that is valid now and signed by the node that it is of.\n\n"
    ":raises ValueError: with the verdict, or with the position in the payload and the reason.";

}  // namespace

void bind_contact(py::module_& module) {
  py::class_<Contact> bound(module, "Contact", kClassDoc);
  bound
      .def(py::init(&make), py::arg("node_id"), py::arg("addresses"), py::arg("transport_key"),
           py::arg("sequence"))
      .def(
          "sign",
          [](const Contact& self, const py::object& identity, const IntegerArgument& expires_ms) {
            return self.sign(signer_of(identity), expires_ms.within<std::int64_t>("expires_ms", 0));
          },
          py::arg("identity"), py::kw_only(), py::arg("expires_ms"), kSignDoc)
      .def_static(
          "from_record",
          [](const SignedRecord& record, const IntegerArgument& now_ms) {
            return Contact::from_record(record, now_ms.within<std::int64_t>("now_ms"))
                .or_throw("the contact");
          },
          py::arg("record"), py::kw_only(), py::arg("now_ms"), kFromRecordDoc);
  bound.def_readonly("node_id", &Contact::node_id, "The multihash of the node's public key.")
      .def_readonly("addresses", &Contact::addresses, "The one to try first, first.")
      .def_property_readonly(
          "transport_key", [](const Contact& self) { return to_python(self.transport_key); },
          "The CURVE public key.")
      .def_readonly("sequence", &Contact::sequence, "Greater in a newer contact of the node.")
      .def("__repr__", &shown)
      .def(py::self == py::self);
}

}  // namespace idn::bindings
