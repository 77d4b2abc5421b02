#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity {

/// Hash functions by their multicodec code.
enum class HashFunction : std::uint64_t {
  kIdentity = 0x00,  ///< the data itself, at most kMaxIdentityBytes
  kSha1 = 0x11,
  kSha2Bits256 = 0x12,
  kSha2Bits512 = 0x13,
  kSha3Bits256 = 0x16,
  kKeccak256 = 0x1b,
  kBlake2b256 = 0xb220,
};

/// The most data that the identity "hash" takes.
inline constexpr std::size_t kMaxIdentityBytes = 128;

/// The multicodec name, as "sha2-256".
std::string_view to_string(HashFunction function);

/// The function of a multicodec name; throws std::invalid_argument that lists the known ones.
HashFunction hash_function(std::string_view name);

/// A digest that says which function made it: code, length, digest (dissertation, section 7.1).
class Multihash {
 public:
  /// Hashes data. Throws std::invalid_argument where the identity is asked for and the data is too long.
  static Multihash digest(ByteView data, HashFunction function = HashFunction::kSha2Bits256);

  /// A digest computed elsewhere; refuses a length that the function does not have.
  static Result<Multihash> of_digest(HashFunction function, ByteView digest);

  /// Reads the whole of bytes.
  static Result<Multihash> from_bytes(ByteView bytes);

  /// Reads one multihash at the start of bytes and says how many it took.
  struct Prefix;
  static Result<Prefix> read(ByteView bytes);

  /// Reads base58btc without a naming character, the form of libp2p's peer IDs.
  static Result<Multihash> from_text(std::string_view text);

  [[nodiscard]] HashFunction function() const { return function_; }
  [[nodiscard]] ByteView digest_bytes() const { return digest_; }

  /// Code, length and digest.
  [[nodiscard]] Bytes bytes() const;

  /// Base58btc without a naming character.
  [[nodiscard]] std::string text() const;

  /// Whether data hashes to this.
  [[nodiscard]] bool matches(ByteView data) const;

  auto operator<=>(const Multihash&) const = default;

 private:
  Multihash(HashFunction function, Bytes digest) : function_(function), digest_(std::move(digest)) {}

  HashFunction function_;
  Bytes digest_;
};

struct Multihash::Prefix {
  Multihash hash;
  std::size_t size = 0;
};

}  // namespace idn::identity
