#include "idn/identity/identity_file.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "idn/core/error.h"
#include "idn/identity/node_id.h"
#include "idn/identity/sodium.h"

namespace idn::identity {
namespace {

constexpr std::string_view kMagic = "idn-key";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kPlain = 0;
constexpr std::uint8_t kLocked = 1;

// All node IDs have a code and a length of one byte and a digest of 32.
constexpr std::size_t kNodeIdSize = 34;
constexpr std::size_t kSeedSize = crypto_sign_SEEDBYTES;
constexpr std::size_t kSealedSize = crypto_secretbox_MACBYTES + kNodeIdSize + kSeedSize;

// Where the fields are.
constexpr std::size_t kVersionAt = kMagic.size();
constexpr std::size_t kProtectionAt = kVersionAt + 1;
constexpr std::size_t kNodeIdAt = kProtectionAt + 1;
constexpr std::size_t kPublicKeyAt = kNodeIdAt + kNodeIdSize;
constexpr std::size_t kSecretAt = kPublicKeyAt + crypto_sign_PUBLICKEYBYTES;  // a plain seed, or limits
constexpr std::size_t kPassesAt = kSecretAt;
constexpr std::size_t kMemoryAt = kPassesAt + 4;
constexpr std::size_t kSaltAt = kMemoryAt + 4;
constexpr std::size_t kNonceAt = kSaltAt + crypto_pwhash_SALTBYTES;
constexpr std::size_t kSealedAt = kNonceAt + crypto_secretbox_NONCEBYTES;
constexpr std::size_t kChecksumSize = 32;  // SHA2-256
static_assert(kSealedAt + kSealedSize + kChecksumSize == kLockedBytes);
static_assert(kSecretAt + kSeedSize + kChecksumSize == kPlainBytes);
static_assert(kLeast.passes == crypto_pwhash_OPSLIMIT_MIN);
static_assert(kLeast.memory_kib * 1024 == crypto_pwhash_MEMLIMIT_MIN);
static_assert(kMost.passes == crypto_pwhash_OPSLIMIT_SENSITIVE);

// Bytes of ours that nobody shall find in memory later.
template <std::size_t Size>
struct Wiped : std::array<std::uint8_t, Size> {
  Wiped() : std::array<std::uint8_t, Size>() {}
  ~Wiped() { sodium_memzero(this->data(), Size); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
};

using BoxKey = Wiped<crypto_secretbox_KEYBYTES>;
using Opened = Wiped<kNodeIdSize + kSeedSize>;

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void append_number(Bytes& out, std::uint32_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint32_t number_at(ByteView bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) number = number << 8 | bytes[at + i];
  return number;
}

template <std::size_t Size>
std::array<std::uint8_t, Size> array_at(ByteView bytes, std::size_t at) {
  std::array<std::uint8_t, Size> out{};
  std::ranges::copy(bytes.subspan(at, Size), out.begin());
  return out;
}

Bytes checksum(ByteView bytes) {
  const Multihash sum = Multihash::digest(bytes);
  return {sum.digest_bytes().begin(), sum.digest_bytes().end()};
}

// Why Argon2's limits cannot be taken, and the offset of the one that is wrong from the first.
std::optional<Problem> out_of_bounds(const Argon2Limits& limits) {
  const auto check = [](std::size_t at, const char* what, std::uint32_t value, std::uint32_t least,
                        std::uint32_t most) -> std::optional<Problem> {
    if (value >= least && value <= most) return std::nullopt;
    return Problem{at, std::string("Argon2's ") + what + " is " + std::to_string(value) + ", expected " +
                           std::to_string(least) + " to " + std::to_string(most)};
  };
  if (auto wrong = check(0, "number of passes", limits.passes, kLeast.passes, kMost.passes)) return wrong;
  return check(kMemoryAt - kPassesAt, "memory in KiB", limits.memory_kib, kLeast.memory_kib,
               kMost.memory_kib);
}

// What the password and the salt make of the box; throws IdentityError where memory is short.
void derive(BoxKey& key, std::string_view password, const std::uint8_t* salt, const Argon2Limits& limits) {
  const int outcome =
      crypto_pwhash(key.data(), key.size(), password.data(), password.size(), salt, limits.passes,
                    std::size_t{limits.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
  if (outcome == 0) return;
  throw IdentityError("Argon2 needs " + std::to_string(limits.memory_kib / 1024) +
                      " MiB of memory for the password of an identity, and the system refuses.");
}

Bytes public_part(const Identity& identity, std::uint8_t protection, std::size_t size) {
  start_sodium();
  const auto valid = verify_node_id(identity.node_id, identity.key.public_key());
  if (!valid) throw std::invalid_argument("an identity is not saved: " + valid.problem().reason + ".");
  Bytes out;
  out.reserve(size);  // no copy of a secret stays behind where a growing vector was
  append(out, bytes_of(kMagic));
  out.push_back(kVersion);
  out.push_back(protection);
  append(out, identity.node_id.bytes());
  append(out, identity.key.public_key());
  return out;
}

// Magic, version, protection and length; what follows may then be read by offset.
std::optional<Problem> check_frame(ByteView bytes) {
  const std::size_t common = std::min(bytes.size(), kMagic.size());
  if (text_of(bytes.first(common)) != kMagic.substr(0, common)) {
    return Problem{0, "it is no identity of idn, which begins with '" + std::string(kMagic) + "'"};
  }
  if (bytes.size() < kNodeIdAt) return Problem{bytes.size(), "it is cut off"};
  if (bytes[kVersionAt] != kVersion) {
    return Problem{kVersionAt, "the version is " + std::to_string(bytes[kVersionAt]) + ", expected " +
                                   std::to_string(kVersion)};
  }
  if (bytes[kProtectionAt] > kLocked) {
    return Problem{kProtectionAt, "the protection is " + std::to_string(bytes[kProtectionAt]) +
                                      ", expected 0 (none) or 1 (a password)"};
  }
  const std::size_t size = bytes[kProtectionAt] == kLocked ? kLockedBytes : kPlainBytes;
  if (bytes.size() == size) return std::nullopt;
  return Problem{std::min(bytes.size(), size),
                 "it has " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(size)};
}

std::optional<Problem> check_sum(ByteView bytes, const char* suspects) {
  const std::size_t at = bytes.size() - kChecksumSize;
  if (std::ranges::equal(bytes.subspan(at), checksum(bytes.first(at)))) return std::nullopt;
  return Problem{at, std::string("the checksum does not match: ") + suspects + " or the checksum is damaged"};
}

}  // namespace

Bytes lock_identity(const Identity& identity, std::string_view password, const Argon2Limits& limits) {
  if (password.empty()) throw std::invalid_argument("the password of an identity is empty, expected one.");
  if (const auto wrong = out_of_bounds(limits)) throw std::invalid_argument(wrong->reason + ".");
  Bytes out = public_part(identity, kLocked, kLockedBytes);
  append_number(out, limits.passes);
  append_number(out, limits.memory_kib);
  out.resize(kSealedAt + kSealedSize);
  randombytes_buf(out.data() + kSaltAt, kSealedAt - kSaltAt);
  BoxKey key;
  derive(key, password, out.data() + kSaltAt, limits);
  // The node ID is sealed too, or someone could put the same key's ID by another function in its place.
  Opened secret;
  std::ranges::copy(identity.node_id.bytes(), secret.begin());
  std::ranges::copy(identity.key.seed(), secret.begin() + kNodeIdSize);
  crypto_secretbox_easy(out.data() + kSealedAt, secret.data(), secret.size(), out.data() + kNonceAt,
                        key.data());
  append(out, checksum(out));
  return out;
}

Bytes plain_identity(const Identity& identity) {
  Bytes out = public_part(identity, kPlain, kPlainBytes);
  append(out, identity.key.seed());
  append(out, checksum(out));
  return out;
}

Result<IdentityFile> IdentityFile::parse(ByteView bytes, std::string name) {
  if (auto wrong = check_frame(bytes)) return *std::move(wrong);
  const auto public_key = array_at<crypto_sign_PUBLICKEYBYTES>(bytes, kPublicKeyAt);
  auto id = Multihash::from_bytes(bytes.subspan(kNodeIdAt, kNodeIdSize));
  if (!id) return Problem{kNodeIdAt + id.problem().position, "node ID: " + id.problem().reason};
  const auto valid = verify_node_id(*id, public_key);
  if (!valid) return Problem{kNodeIdAt + valid.problem().position, valid.problem().reason};
  IdentityFile file(*std::move(id), public_key, std::move(name));
  auto wrong = bytes[kProtectionAt] == kLocked ? file.take_locked(bytes) : file.take_plain(bytes);
  if (wrong) return *std::move(wrong);
  return file;
}

std::optional<Problem> IdentityFile::take_locked(ByteView bytes) {
  const Argon2Limits limits{number_at(bytes, kPassesAt), number_at(bytes, kMemoryAt)};
  if (const auto wrong = out_of_bounds(limits)) return Problem{kPassesAt + wrong->position, wrong->reason};
  limits_ = limits;
  const ByteView box = bytes.subspan(kSaltAt, kSealedAt + kSealedSize - kSaltAt);
  box_.assign(box.begin(), box.end());
  return check_sum(bytes, "Argon2's limits, the salt, the nonce, the sealed key");
}

std::optional<Problem> IdentityFile::take_plain(ByteView bytes) {
  Wiped<kSeedSize> seed;
  std::ranges::copy(bytes.subspan(kSecretAt, kSeedSize), seed.begin());
  PrivateKey key = PrivateKey::from_seed(seed);
  if (key.public_key() != public_key_) return Problem{kSecretAt, "the private key is not the public key's"};
  plain_ = std::move(key);
  return check_sum(bytes, "the file");
}

Identity IdentityFile::unlock(std::optional<std::string_view> password) const {
  start_sodium();
  if (plain_) {
    if (password) {
      throw WrongPassword(name_ + " is not encrypted, so it has no password; open it without one.");
    }
    return {node_id_, PrivateKey::from_seed(plain_->seed())};
  }
  if (!limits_ || !password) throw WrongPassword(name_ + " is encrypted; give its password.");
  BoxKey key;
  derive(key, *password, box_.data(), *limits_);
  Opened secret;
  const std::uint8_t* sealed = box_.data() + (kSealedAt - kSaltAt);
  const std::uint8_t* nonce = box_.data() + (kNonceAt - kSaltAt);
  if (crypto_secretbox_open_easy(secret.data(), sealed, kSealedSize, nonce, key.data()) != 0) {
    throw WrongPassword("the password of " + name_ + " is wrong.");
  }
  Wiped<kSeedSize> seed;
  std::copy(secret.begin() + kNodeIdSize, secret.end(), seed.begin());
  PrivateKey opened = PrivateKey::from_seed(seed);
  if (!std::ranges::equal(ByteView(secret).first(kNodeIdSize), node_id_.bytes()) ||
      opened.public_key() != public_key_) {
    throw DamagedIdentity(name_ + " is forged: what it seals is another identity.");
  }
  return {node_id_, std::move(opened)};
}

}  // namespace idn::identity
