#pragma once

#include <array>
#include <cstdint>

#include "idn/core/bytes.h"

namespace idn::identity {

/// Ed25519 (RFC 8032).
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// A private key, as its 32-byte seed; wiped from memory when it goes or is moved from, and never copied.
///
/// Every function throws Error where libsodium cannot start.
class PrivateKey {
 public:
  /// A fresh one from the system's random numbers.
  static PrivateKey random();
  static PrivateKey from_seed(const std::array<std::uint8_t, 32>& seed);

  PrivateKey(PrivateKey&& other) noexcept;
  PrivateKey& operator=(PrivateKey&& other) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  ~PrivateKey();

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

  /// Signs bytes as they are. Whatever this key signs must begin with what it is for: sign_message() and
  /// SignedRecord see to that.
  [[nodiscard]] Signature sign(ByteView bytes) const;

  [[nodiscard]] const std::array<std::uint8_t, 32>& seed() const { return seed_; }

 private:
  PrivateKey() = default;
  void wipe() noexcept;

  std::array<std::uint8_t, 32> seed_{};
  std::array<std::uint8_t, 64> expanded_{};  // seed and public key, as libsodium signs with it
  PublicKey public_key_{};
};

/// Whether it is a signature of the bytes by the owner of the key, by the rule of docs/wire.md.
///
/// False for a key or a signature's point that is not of prime order, as all are that RFC 8032 makes, and for
/// any of the numbers in a form that is not its shortest: such keys sign anything, such signatures have
/// twins, and libraries differ on them.
bool verify(const PublicKey& key, ByteView bytes, const Signature& signature);

}  // namespace idn::identity
