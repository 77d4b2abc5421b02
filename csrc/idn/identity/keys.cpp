#include "idn/identity/keys.h"

#include <sodium.h>

#include <algorithm>

#include "idn/identity/sodium.h"

namespace idn::identity {

static_assert(std::tuple_size_v<PublicKey> == crypto_sign_PUBLICKEYBYTES);
static_assert(std::tuple_size_v<Signature> == crypto_sign_BYTES);
static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64);

namespace {

// 3L + 1, where L is the prime order of the group that RFC 8032 works in. It is a multiple of 8.
constexpr std::array<std::uint8_t, 32> kThreeOrdersAndOne{
    0xC8, 0x7B, 0xE1, 0x16, 0x4F, 0x29, 0x37, 0x08, 0x83, 0xD6, 0xE6, 0xE8, 0x9B, 0xED, 0x9C, 0x3E,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x30};

// Whether it is the one form of a point whose order is L: times 3L + 1 that point is itself, and any other
// loses its part of small order. libsodium's own test lets some of those pass in some versions.
bool has_prime_order(const std::uint8_t* point) {
  std::array<std::uint8_t, crypto_scalarmult_ed25519_BYTES> same{};
  return crypto_scalarmult_ed25519_noclamp(same.data(), kThreeOrdersAndOne.data(), point) == 0 &&
         std::equal(same.begin(), same.end(), point);
}

}  // namespace

PrivateKey PrivateKey::random() {
  start_sodium();
  PrivateKey key;
  randombytes_buf(key.seed_.data(), key.seed_.size());
  crypto_sign_seed_keypair(key.public_key_.data(), key.expanded_.data(), key.seed_.data());
  return key;
}

PrivateKey PrivateKey::from_seed(const std::array<std::uint8_t, 32>& seed) {
  start_sodium();
  PrivateKey key;
  key.seed_ = seed;
  crypto_sign_seed_keypair(key.public_key_.data(), key.expanded_.data(), key.seed_.data());
  return key;
}

PrivateKey::PrivateKey(PrivateKey&& other) noexcept
    : seed_(other.seed_), expanded_(other.expanded_), public_key_(other.public_key_) {
  other.wipe();
}

PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept {
  if (this == &other) return *this;
  seed_ = other.seed_;
  expanded_ = other.expanded_;
  public_key_ = other.public_key_;
  other.wipe();
  return *this;
}

PrivateKey::~PrivateKey() { wipe(); }

Signature PrivateKey::sign(ByteView bytes) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes.data(), bytes.size(), expanded_.data());
  return signature;
}

void PrivateKey::wipe() noexcept {
  sodium_memzero(seed_.data(), seed_.size());
  sodium_memzero(expanded_.data(), expanded_.size());
}

bool verify(const PublicKey& key, ByteView bytes, const Signature& signature) {
  start_sodium();
  // Between points of prime order the equations with and without the cofactor are one; of others it hangs on
  // libsodium's version which of the two it asks.
  return has_prime_order(key.data()) && has_prime_order(signature.data()) &&
         crypto_sign_verify_detached(signature.data(), bytes.data(), bytes.size(), key.data()) == 0;
}

}  // namespace idn::identity
