#include <pybind11/functional.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "bindings.h"
#include "byte_arguments.h"
#include "idn/identity/identity_file.h"
#include "idn/identity/node_id.h"
#include "idn/identity/node_id_search.h"
#include "idn/identity/signed_message.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::Argon2Limits;
using identity::Identity;
using identity::IdentityFile;
using identity::Multihash;
using identity::SearchProgress;
using Path = std::filesystem::path;
using Password = std::optional<std::string>;
using Release = py::call_guard<py::gil_scoped_release>;

template <class Array>
Array array_of(const py::object& object, const char* what) {
  const ByteArgument argument(object);
  Array array{};
  if (argument.view().size() != array.size()) {
    throw std::invalid_argument(std::string(what) + " has " + std::to_string(argument.view().size()) +
                                " bytes, expected " + std::to_string(array.size()) + ".");
  }
  std::ranges::copy(argument.view(), array.begin());
  return array;
}

std::optional<std::string_view> view(const Password& password) {
  if (!password) return std::nullopt;
  return *password;
}

Identity generate(unsigned difficulty, const std::string& function, unsigned threads,
                  const py::object& progress) {
  const auto go_on = [&](const SearchProgress& state) {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!progress.is_none()) progress(state);
    return true;
  };
  const auto chosen = identity::hash_function(function);
  auto found = [&] {
    const py::gil_scoped_release release;
    return identity::generate_node_id(difficulty, {.function = chosen, .threads = threads, .go_on = go_on});
  }();
  if (!progress.is_none()) progress(found->progress);
  return {std::move(found->node_id), std::move(found->key)};
}

void bind_search(py::module_& module) {
  py::class_<SearchProgress>(module, "SearchProgress", "How far a search for a node ID is.")
      .def_readonly("difficulty", &SearchProgress::difficulty, "Leading zero bits asked for.")
      .def_readonly("candidates", &SearchProgress::candidates, "Key pairs tried.")
      .def_readonly("seconds", &SearchProgress::seconds, "Time taken.")
      .def_property_readonly("rate", &SearchProgress::rate, "Key pairs tried in a second so far.")
      .def_property_readonly("expected_candidates", &SearchProgress::expected_candidates,
                             "The mean number of key pairs that it takes, from now on as from the beginning.")
      .def_property_readonly("expected_seconds", &SearchProgress::expected_seconds,
                             "The mean time that it takes from now on, at the rate so far.")
      .def_property_readonly("chance", &SearchProgress::chance,
                             "The probability that so many key pairs would have been enough.");
  module.def("generate", &generate, py::arg("difficulty"), py::arg("hash"), py::arg("threads"),
             py::arg("progress"), "Makes key pairs until a node ID has enough leading zero bits.");
  module.attr("MAX_DIFFICULTY") = identity::kMaxDifficulty;
  module.attr("MAX_THREADS") = identity::kMaxSearchThreads;
}

void bind_file(py::module_& module) {
  module.attr("LEAST") = identity::kLeast;
  module.attr("INTERACTIVE") = identity::kInteractive;
  module.attr("MODERATE") = identity::kModerate;
  module.attr("SENSITIVE") = identity::kSensitive;
  py::class_<IdentityFile>(module, "IdentityFile", "An identity as a file holds it, its private key locked.")
      .def_static("read", &IdentityFile::read, py::arg("path"), Release(),
                  "Reads a file of its owner's alone.")
      .def_static(
          "parse",
          [](const py::object& data) {
            return IdentityFile::parse(ByteArgument(data).view()).or_throw("the identity");
          },
          py::arg("data"), "Reads the bytes of a file.")
      .def_property_readonly("node_id", &IdentityFile::node_id, "The node ID.")
      .def_property_readonly(
          "public_key", [](const IdentityFile& self) { return to_python(self.public_key()); },
          "The Ed25519 public key, 32 bytes.")
      .def_property_readonly("limits", &IdentityFile::limits, "None where the private key is not encrypted.")
      .def(
          "unlock",
          [](const IdentityFile& self, const Password& password) { return self.unlock(view(password)); },
          py::arg("password"), Release(), "The identity.");
}

void bind_rehearsal(py::module_& module) {
  module.def(
      "rehearse_save",
      [](const Path& path, const Password& password, bool allow_plaintext, const Argon2Limits& limits,
         bool overwrite) {
        identity::rehearse_save(path, {view(password), allow_plaintext, limits, overwrite});
      },
      py::arg("path"), py::arg("password"), py::arg("allow_plaintext"), py::arg("limits"),
      py::arg("overwrite"), Release(), "Throws what `Identity.save` would throw now.");
}

void bind_verification(py::module_& module) {
  module.def(
      "verify_node_id",
      [](const Multihash& node_id, const py::object& public_key, unsigned difficulty) {
        const auto key = array_of<identity::PublicKey>(public_key, "the public key");
        return identity::verify_node_id(node_id, key, difficulty).or_throw("the node ID");
      },
      py::arg("node_id"), py::arg("public_key"), py::arg("difficulty"),
      "Checks that a node ID is a key's and has enough leading zero bits; says how many.");
  module.def(
      "verify_signature",
      [](const py::object& public_key, const py::object& message, const py::object& signature) {
        const auto key = array_of<identity::PublicKey>(public_key, "the public key");
        const auto signed_with = array_of<identity::Signature>(signature, "the signature");
        const ByteArgument text(message);
        const py::gil_scoped_release release;
        return identity::verify_message(key, text.view(), signed_with);
      },
      py::arg("public_key"), py::arg("message"), py::arg("signature"),
      "Whether it is a signature of the message by the key's owner.");
  module.def(
      "leading_zero_bits",
      [](const Multihash& hash) { return identity::leading_zero_bits(hash.digest_bytes()); }, py::arg("hash"),
      "How many zero bits the digest begins with.");
}

}  // namespace

void bind_identity(py::module_& module) {
  // What a signature names is bound before it.
  py::class_<Argon2Limits>(module, "Argon2Limits", "What one guess of a password costs.")
      .def(py::init<std::uint32_t, std::uint32_t>(), py::arg("passes"), py::arg("memory_kib"))
      .def_readonly("passes", &Argon2Limits::passes)
      .def_readonly("memory_kib", &Argon2Limits::memory_kib);
  py::class_<Identity>(module, "Identity", "A node ID and its key pair.")
      .def_readonly("node_id", &Identity::node_id, "The node ID.")
      .def_property_readonly(
          "public_key", [](const Identity& self) { return to_python(self.key.public_key()); },
          "The Ed25519 public key, 32 bytes.")
      .def(
          "sign",
          [](const Identity& self, const py::object& message) {
            return to_python(identity::sign_message(self.key, ByteArgument(message).view()));
          },
          py::arg("message"), "The signature of a message, 64 bytes.")
      .def(
          "sign_raw",
          [](const Identity& self, const py::object& data) {
            return to_python(self.key.sign(ByteArgument(data).view()));
          },
          py::arg("data"), "An Ed25519 signature of data that begin with their purpose: a record's.")
      .def(
          "save",
          [](const Identity& self, const Path& path, const Password& password, bool allow_plaintext,
             const Argon2Limits& limits, bool overwrite) {
            identity::save_identity(path, self, {view(password), allow_plaintext, limits, overwrite});
          },
          py::arg("path"), py::arg("password"), py::arg("allow_plaintext"), py::arg("limits"),
          py::arg("overwrite"), Release(), "Writes a file that its owner alone may read.");
  bind_search(module);
  bind_file(module);
  bind_rehearsal(module);
  bind_verification(module);
}

}  // namespace idn::bindings
