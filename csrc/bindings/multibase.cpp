#include "idn/identity/multiformats/multibase.h"

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bindings.h"
#include "byte_arguments.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::multibase::Base;

constexpr std::array<std::pair<std::string_view, Base>, 4> kBases{{
    {"base16", Base::kBase16},
    {"base32", Base::kBase32},
    {"base58btc", Base::kBase58Btc},
    {"base64url", Base::kBase64Url},
}};

Base base_of(const std::string& name) {
  for (const auto& [known, base] : kBases) {
    if (known == name) return base;
  }
  throw std::invalid_argument("multibase: base " + quoted(name) +
                              " is unknown; expected base16, base32, base58btc or base64url.");
}

}  // namespace

void bind_multibase(py::module_& module) {
  module.def(
      "encode",
      [](const py::object& data, const std::string& base) {
        return identity::multibase::encode(base_of(base), ByteArgument(data).view());
      },
      py::arg("data"), py::arg("base") = "base32", "The naming character and the text of data.");
  module.def(
      "decode",
      [](const py::str& given) {
        const std::string text = utf8(given);
        return to_python(identity::multibase::decode(text).or_throw("multibase text " + quoted(text)));
      },
      py::arg("text"), "The bytes of a text that names its base.");
}

}  // namespace idn::bindings
