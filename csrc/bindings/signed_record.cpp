#include "signed_record.h"

#include <pybind11/operators.h>

#include "bindings.h"
#include "integer_argument.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::SignedRecord;
using identity::Verdict;

SignedRecord sign(const py::object& identity, const std::string& domain, const IntegerArgument& version,
                  const py::object& payload, const IntegerArgument& expires_ms) {
  const ByteArgument argument(payload);
  Bytes copy(argument.view().begin(), argument.view().end());
  const identity::RecordKind kind{.domain = domain, .version = version.within<std::uint32_t>("version", 1)};
  return SignedRecord::sign(signer_of(identity), kind, std::move(copy),
                            expires_ms.within<std::int64_t>("expires_ms", 0));
}

// What a record has, and what was expected of it.
std::string both(const SignedRecord& self, std::string_view found, const std::string& domain,
                 std::uint32_t version, std::int64_t now_ms) {
  std::string text;
  if (found == to_string(Verdict::kWrongDomain)) {
    text.append("; it is '").append(self.domain()).append("', expected '").append(domain).append("'");
  } else if (found == to_string(Verdict::kFutureVersion)) {
    text.append("; it is ").append(std::to_string(self.version())).append(", expected at most ");
    text.append(std::to_string(version));
  } else if (found == to_string(Verdict::kExpired)) {
    text.append("; it was valid before ")
        .append(std::to_string(self.expires_ms()))
        .append(" ms, and now is ");
    text.append(std::to_string(now_ms)).append(" ms");
  }
  return text;
}

std::string_view verdict(const SignedRecord& self, const std::string& domain, const IntegerArgument& version,
                         const IntegerArgument& now_ms) {
  const identity::RecordKind expected{.domain = domain, .version = version.within<std::uint32_t>("version")};
  const auto now = now_ms.within<std::int64_t>("now_ms");
  const py::gil_scoped_release release;
  return to_string(self.verify(expected, now));
}

py::bytes verify(const SignedRecord& self, const std::string& domain, const IntegerArgument& version,
                 const IntegerArgument& now_ms) {
  const std::string_view found = verdict(self, domain, version, now_ms);
  if (found == to_string(Verdict::kValid)) return to_python(self.payload());
  const std::string more = both(self, found, domain, version.within<std::uint32_t>("version"),
                                now_ms.within<std::int64_t>("now_ms"));
  throw std::invalid_argument("the record is not valid: " + std::string(found) + more + ".");
}

std::string shown(const SignedRecord& self) {
  return "<SignedRecord '" + self.domain() + "' version " + std::to_string(self.version()) + ", " +
         std::to_string(self.payload().size()) + " bytes, before " + std::to_string(self.expires_ms()) +
         " ms>";
}

constexpr const char* kClassDoc =
    "Bytes that outlive a session, and who stands for them: until when, and as what.\n\n"
    "Made by `sign` or `from_bytes`; `verify` says whether to believe it.";
constexpr const char* kSignDoc =
    "Sign a payload.\n\n"
    ":param identity: who signs: an `idn.identity.Identity`, or anything else with `public_key` (32 bytes) "
    "and `sign_raw(data)` (the Ed25519 signature of data as they are, 64 bytes).\n"
    ":param domain: what the record is about, as \"idn/contact\": 1 to 64 of a-z, 0-9, '-' and '/'.\n"
    ":param version: of the payload's layout, from 1.\n"
    ":param payload: at most 65,536 bytes.\n"
    ":param expires_ms: Unix milliseconds; the record is valid before.\n"
    ":raises ValueError: for anything else.";
constexpr const char* kVerdictDoc =
    "Tell whether the record is to be believed.\n\n"
    ":param domain: what it should be about.\n"
    ":param version: the newest that the caller can read.\n"
    ":param now_ms: the time, in Unix milliseconds.\n"
    ":returns: \"valid\", or the first that holds of \"wrong domain\", \"version from the future\", "
    "\"expired\" "
    "and \"bad signature\". Who `signer` is, is for the caller to know.";
constexpr const char* kVerifyDoc =
    "Return the payload of a record that is valid, see `verdict`.\n\n"
    ":raises ValueError: with the verdict, if it is not.";

}  // namespace

void bind_signed_record(py::module_& module) {
  py::class_<SignedRecord> bound(module, "SignedRecord", kClassDoc);
  bound
      .def_static("sign", &sign, py::arg("identity"), py::kw_only(), py::arg("domain"), py::arg("version"),
                  py::arg("payload"), py::arg("expires_ms"), kSignDoc)
      .def_static(
          "from_bytes",
          [](const py::object& data) {
            return SignedRecord::from_bytes(ByteArgument(data).view()).or_throw("the signed record");
          },
          py::arg("data"),
          "Read a record, without believing it.\n\n:raises ValueError: with the position and the reason.")
      .def("verdict", &verdict, py::arg("domain"), py::kw_only(), py::arg("version"), py::arg("now_ms"),
           kVerdictDoc)
      .def("verify", &verify, py::arg("domain"), py::kw_only(), py::arg("version"), py::arg("now_ms"),
           kVerifyDoc);
  bound.def_property_readonly("domain", &SignedRecord::domain, "What the record is about.")
      .def_property_readonly("version", &SignedRecord::version, "Of the payload's layout.")
      .def_property_readonly(
          "payload", [](const SignedRecord& self) { return to_python(self.payload()); },
          "The bytes signed; `verify` returns them too, if they are to be believed.")
      .def_property_readonly("expires_ms", &SignedRecord::expires_ms, "Unix milliseconds.")
      .def_property_readonly(
          "signer", [](const SignedRecord& self) { return to_python(self.signer()); },
          "The Ed25519 public key of who is said to have signed.")
      .def_property_readonly(
          "signature", [](const SignedRecord& self) { return to_python(self.signature()); }, "64 bytes.")
      .def(
          "bytes", [](const SignedRecord& self) { return to_python(self.bytes()); },
          "What `from_bytes` reads.")
      .def("__bytes__", [](const SignedRecord& self) { return to_python(self.bytes()); })
      .def("__hash__", [](const SignedRecord& self) { return py::hash(to_python(self.bytes())); })
      .def("__repr__", &shown)
      .def(py::self == py::self);
}

}  // namespace idn::bindings
