// Identities on disk; what their bytes mean is identity_file.cpp's, which does no input or output.
#include <sodium.h>

#include <stdexcept>
#include <utility>

#include "idn/core/error.h"
#include "idn/core/printable.h"
#include "idn/identity/identity_file.h"
#include "idn/identity/private_file.h"

namespace idn::identity {
namespace {

// The bytes of an identity, overwritten where this goes.
class SavedBytes {
 public:
  SavedBytes(const Identity& identity, const SaveOptions& options)
      : bytes_(options.password ? lock_identity(identity, *options.password, options.limits)
                                : plain_identity(identity)) {}
  ~SavedBytes() { sodium_memzero(bytes_.data(), bytes_.size()); }
  SavedBytes(const SavedBytes&) = delete;
  SavedBytes& operator=(const SavedBytes&) = delete;

  [[nodiscard]] ByteView view() const { return bytes_; }

 private:
  Bytes bytes_;
};

void check(const SaveOptions& options) {
  if (options.password || options.allow_plaintext) return;
  throw std::invalid_argument(
      "an identity is saved without a password only if that is asked for: give a password, or "
      "allow_plaintext.");
}

}  // namespace

IdentityFile IdentityFile::read(const std::filesystem::path& path) {
  Bytes bytes = read_private_file(path, kLockedBytes);
  std::string name = "identity file " + in_quotes(path.string());
  auto file = parse(bytes, name);
  sodium_memzero(bytes.data(), bytes.size());  // a plain key may be in it
  if (file) return *std::move(file);
  throw DamagedIdentity(name + " is damaged " + to_string(file.problem()) + ".");
}

void save_identity(const std::filesystem::path& path, const Identity& identity, const SaveOptions& options) {
  check(options);
  const SavedBytes bytes(identity, options);
  write_private_file(path, bytes.view(), options.overwrite);
}

void rehearse_save(const std::filesystem::path& path, const SaveOptions& options) {
  check(options);
  PrivateKey key = PrivateKey::random();
  Multihash node_id = Multihash::digest(key.public_key());
  const SavedBytes bytes({std::move(node_id), std::move(key)}, options);
  rehearse_private_file(path, bytes.view(), options.overwrite);
}

}  // namespace idn::identity
