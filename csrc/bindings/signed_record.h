#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "byte_arguments.h"
#include "idn/identity/signed_record.h"

namespace idn::bindings {

/// The bytes of an object that must have exactly `size`; `name` is for the message.
template <std::size_t size>
std::array<std::uint8_t, size> exact_bytes(const pybind11::object& object, const std::string& name) {
  const ByteArgument argument(object);
  if (argument.view().size() != size) {
    throw std::invalid_argument(name + " has " + std::to_string(argument.view().size()) +
                                " bytes, expected " + std::to_string(size) + ".");
  }
  std::array<std::uint8_t, size> copy{};
  std::ranges::copy(argument.view(), copy.begin());
  return copy;
}

/// A signer that is a Python object: idn.identity.Identity, or any other with `public_key` and
/// `sign_raw(data)`.
///
/// An Identity has no `sign_raw` that all could call, since who signs what a stranger sends as it is, signs
/// the stranger's record; what is behind it has.
inline identity::Signer signer_of(const pybind11::object& identity) {
  const pybind11::object signer = pybind11::getattr(identity, "_native", identity);
  return {exact_bytes<32>(signer.attr("public_key"), "public_key"), [signer](ByteView data) {
            return exact_bytes<64>(signer.attr("sign_raw")(to_python(data)), "the signature");
          }};
}

}  // namespace idn::bindings
