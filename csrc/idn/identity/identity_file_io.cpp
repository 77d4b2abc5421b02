// Identities on disk; what their bytes mean is identity_file.cpp's, which does no input or output.
#include <sodium.h>

#include <stdexcept>
#include <utility>

#include "idn/core/error.h"
#include "idn/core/printable.h"
#include "idn/identity/identity_file.h"
#include "idn/identity/private_file.h"

namespace idn::identity {

IdentityFile IdentityFile::read(const std::filesystem::path& path) {
  Bytes bytes = read_private_file(path, kLockedBytes);
  std::string name = "identity file " + in_quotes(path.string());
  auto file = parse(bytes, name);
  sodium_memzero(bytes.data(), bytes.size());  // a plain key may be in it
  if (file) return *std::move(file);
  throw DamagedIdentity(name + " is damaged " + to_string(file.problem()) + ".");
}

void save_identity(const std::filesystem::path& path, const Identity& identity, const SaveOptions& options) {
  if (!options.password && !options.allow_plaintext) {
    throw std::invalid_argument(
        "an identity is saved without a password only if that is asked for: give a password, or "
        "allow_plaintext.");
  }
  Bytes bytes = options.password ? lock_identity(identity, *options.password, options.limits)
                                 : plain_identity(identity);
  try {
    write_private_file(path, bytes, options.overwrite);
  } catch (...) {
    sodium_memzero(bytes.data(), bytes.size());
    throw;
  }
  sodium_memzero(bytes.data(), bytes.size());
}

}  // namespace idn::identity
