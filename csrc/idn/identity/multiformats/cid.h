#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/multihash.h"

namespace idn::identity {

/// What the bytes behind a CID are, by multicodec code.
enum class Codec : std::uint64_t {
  kRaw = 0x55,
  kDagPb = 0x70,
  kDagCbor = 0x71,
  kLibp2pKey = 0x72,
  kJson = 0x0200,
};

/// The multicodec name, as "dag-pb".
std::string_view to_string(Codec codec);

/// The codec of a multicodec name; throws std::invalid_argument that lists the known ones.
Codec codec(std::string_view name);

/// A content identifier: version, codec and hash. Version 0 is a bare SHA2-256 multihash of a dag-pb block.
class Cid {
 public:
  /// Version 1 of data.
  static Cid of(ByteView data, Codec codec = Codec::kRaw, HashFunction function = HashFunction::kSha2Bits256);

  /// Version 1 of a hash.
  static Cid v1(Codec codec, Multihash hash);

  /// Version 0; refuses a hash that is not SHA2-256.
  static Result<Cid> v0(Multihash hash);

  /// Reads the whole of bytes, either version.
  static Result<Cid> from_bytes(ByteView bytes);

  /// Reads what text() writes, and no other: a name has one spelling.
  static Result<Cid> from_text(std::string_view text);

  [[nodiscard]] int version() const { return version_; }
  [[nodiscard]] Codec codec() const { return codec_; }
  [[nodiscard]] const Multihash& hash() const { return hash_; }

  [[nodiscard]] Bytes bytes() const;

  /// Base58btc for version 0, base32 for version 1.
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Cid&) const = default;

 private:
  Cid(int version, Codec codec, Multihash hash) : version_(version), codec_(codec), hash_(std::move(hash)) {}

  int version_;
  Codec codec_;
  Multihash hash_;
};

}  // namespace idn::identity
