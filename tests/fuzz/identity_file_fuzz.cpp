// Identity files: a plain one is written again as it was read, and a change of a locked one never opens it.
//
// An even first byte: a file follows. An odd one: a place (two bytes) in a locked file, what to change there,
// and the password to try; the place's first bit puts in the key's ID by another function. The checksum,
// which the fuzzer cannot find, is put right.
#include <algorithm>
#include <optional>
#include <string_view>

#include "idn/core/error.h"
#include "idn/identity/identity_file.h"
#include "idn/identity/node_id.h"
#include "known_key.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

constexpr std::string_view kPassword = "correct horse";
constexpr std::size_t kChecksumBytes = 32;
constexpr std::ptrdiff_t kNodeIdAt = 9;  // behind "idn-key", the version and the protection
constexpr Argon2Limits kCheap{3, 64};    // above these a guess takes too long here

Identity known_identity() {
  PrivateKey key = fuzz::known_key();
  const Multihash id = node_id(key.public_key());
  return {id, std::move(key)};
}

// Locked once: each time would give other bytes.
const Bytes& locked_file() {
  static const Bytes file = lock_identity(known_identity(), kPassword, kLeast);
  return file;
}

Bytes with_checksum(ByteView bytes) {
  Bytes fixed(bytes.begin(), bytes.end());
  if (fixed.size() < kChecksumBytes) return fixed;
  const auto end = fixed.end() - static_cast<std::ptrdiff_t>(kChecksumBytes);
  std::ranges::copy(Multihash::digest({fixed.begin(), end}).digest_bytes(), end);
  return fixed;
}

std::optional<Identity> unlock(const IdentityFile& file, std::optional<std::string_view> password) {
  try {
    return file.unlock(password);
  } catch (const WrongPassword&) {
    return std::nullopt;
  } catch (const DamagedIdentity&) {
    return std::nullopt;
  }
}

bool cheap(const Argon2Limits& limits) {
  return limits.passes <= kCheap.passes && limits.memory_kib <= kCheap.memory_kib;
}

void look_at(const IdentityFile& file, ByteView bytes) {
  require(verify_node_id(file.node_id(), file.public_key()).ok(), "a node ID is its key's");
  if (!file.limits()) {
    require(!unlock(file, "a password"), "a plain file has no password");
    const auto identity = unlock(file, std::nullopt);
    require(identity.has_value(), "a plain file opens");
    require(fuzz::same(plain_identity(*identity), bytes), "a plain file that is read is written again");
    return;
  }
  require(bytes.size() == kLockedBytes, "a locked file has its size");
  require(file.limits()->passes <= kMost.passes && file.limits()->memory_kib <= kMost.memory_kib,
          "a file cannot ask for more than kMost");
  require(!unlock(file, std::nullopt), "a locked file needs a password");
}

void read_a_file(ByteView bytes) {
  const auto file = IdentityFile::parse(bytes);
  if (fuzz::taken(file, bytes.size())) look_at(*file, bytes);
}

void change_a_locked_file(ByteView input) {
  if (input.size() < 3) return;
  Bytes changed = locked_file();
  if (input[0] >= 0x80) {
    const Bytes other = node_id(fuzz::known_key().public_key(), HashFunction::kSha3Bits256).bytes();
    std::ranges::copy(other, changed.begin() + kNodeIdAt);
  }
  changed[(input[0] % 0x80U * 256U + input[1]) % changed.size()] ^= input[2];
  changed = with_checksum(changed);
  const bool same = changed == locked_file();
  const auto file = IdentityFile::parse(changed);
  if (!fuzz::taken(file, changed.size())) return require(!same, "what was locked is read");
  look_at(*file, changed);
  if (!cheap(*file->limits())) return;
  require(unlock(*file, kPassword).has_value() == same,
          "the password opens what was locked, and nothing else");
  const std::string_view guess = text_of(input.subspan(3));
  require(unlock(*file, guess).has_value() == (same && guess == kPassword), "no other password opens it");
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const idn::ByteView rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    idn::identity::read_a_file(rest);
    idn::identity::read_a_file(idn::identity::with_checksum(rest));
  } else {
    idn::identity::change_a_locked_file(rest);
  }
  return 0;
}
