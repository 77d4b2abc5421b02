#include "idn/identity/keys.h"

#include <sodium.h>

#include "idn/identity/sodium.h"

namespace idn::identity {

static_assert(std::tuple_size_v<PublicKey> == crypto_sign_PUBLICKEYBYTES);
static_assert(std::tuple_size_v<Signature> == crypto_sign_BYTES);
static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64);

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

Signature PrivateKey::sign(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), expanded_.data());
  return signature;
}

void PrivateKey::wipe() noexcept {
  sodium_memzero(seed_.data(), seed_.size());
  sodium_memzero(expanded_.data(), expanded_.size());
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  start_sodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace idn::identity
