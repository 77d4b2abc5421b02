#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/keys.h"
#include "idn/identity/multiformats/multihash.h"

namespace idn::identity {

/// Who a node is: its node ID and its key pair (type Node, dissertation, section 7.1).
struct Identity {
  Multihash node_id;
  PrivateKey key;
};

/// What one guess of a password costs with Argon2id.
struct Argon2Limits {
  std::uint32_t passes = 0;
  std::uint32_t memory_kib = 0;

  bool operator==(const Argon2Limits&) const = default;
};

/// libsodium's levels: an instant and 64 MiB, a second and 256 MiB, some seconds and 1 GiB.
inline constexpr Argon2Limits kInteractive{2, 64 * 1024};
inline constexpr Argon2Limits kModerate{3, 256 * 1024};
inline constexpr Argon2Limits kSensitive{4, 1024 * 1024};

/// The bounds of what a file may ask for; a hostile one cannot take more time or memory than kSensitive.
inline constexpr Argon2Limits kLeast{1, 8};
inline constexpr Argon2Limits kMost = kSensitive;

/// The size of a file with an encrypted and with a plain private key, in bytes.
inline constexpr std::size_t kLockedBytes = 237;
inline constexpr std::size_t kPlainBytes = 139;

/// The bytes of an identity whose private key a password locks. Throws std::invalid_argument for an empty
/// password, limits out of bounds, or a node ID that is not the key's; IdentityError where memory is short.
Bytes lock_identity(const Identity& identity, std::string_view password,
                    const Argon2Limits& limits = kModerate);

/// The bytes of an identity whose private key everyone can read who reads them; wipe them after use.
Bytes plain_identity(const Identity& identity);

/// An identity as a file holds it (docs/formats.md): the public part is read, the private key still locked.
class IdentityFile {
 public:
  /// Reads the whole of bytes, which may be hostile: takes no memory and runs no Argon2. Checks the checksum,
  /// and that node ID, public key and a plain private key belong together. `name` is for messages.
  static Result<IdentityFile> parse(ByteView bytes, std::string name = "the identity");

  /// Reads a file. Throws MissingIdentity, WrongPermissions, DamagedIdentity with the byte and the field, or
  /// IdentityError.
  static IdentityFile read(const std::filesystem::path& path);

  [[nodiscard]] const Multihash& node_id() const { return node_id_; }
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

  /// Nothing where the private key is not encrypted.
  [[nodiscard]] const std::optional<Argon2Limits>& limits() const { return limits_; }

  /// The identity, with the password where there is one. Throws WrongPassword where it is wrong, missing or
  /// needless, DamagedIdentity where what it opens is of another identity, or IdentityError where memory is
  /// short.
  [[nodiscard]] Identity unlock(std::optional<std::string_view> password) const;

 private:
  IdentityFile(Multihash node_id, const PublicKey& public_key, std::string name)
      : node_id_(std::move(node_id)), public_key_(public_key), name_(std::move(name)) {}

  // What follows the public part; gives what is wrong with it.
  std::optional<Problem> take_locked(ByteView bytes);
  std::optional<Problem> take_plain(ByteView bytes);

  Multihash node_id_;
  PublicKey public_key_;
  std::string name_;
  std::optional<Argon2Limits> limits_;
  Bytes box_;                        // salt, nonce and what is sealed, if locked
  std::optional<PrivateKey> plain_;  // if not
};

/// How an identity is written.
struct SaveOptions {
  std::optional<std::string_view> password{};
  bool allow_plaintext =
      false;  ///< asked for in so many words: without a password, anyone with the file is you
  Argon2Limits limits = kModerate;
  bool overwrite = false;
};

/// Writes a file that its owner alone may read, whole or not at all. Throws std::invalid_argument as
/// lock_identity, or without a password and allow_plaintext; IdentityError where the system refuses, or where
/// a file is there already and `overwrite` is not set.
void save_identity(const std::filesystem::path& path, const Identity& identity, const SaveOptions& options);

/// Throws what save_identity() would throw now, the memory for the password included, and leaves nothing: for
/// before a search of hours, at whose end the key would be lost.
void rehearse_save(const std::filesystem::path& path, const SaveOptions& options);

}  // namespace idn::identity
