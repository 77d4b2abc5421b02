#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/keys.h"

namespace idn::identity {

/// Who signs: the public key, and what signs with the private one, wherever that is kept.
struct Signer {
  /// Signs with a key that must outlive this.
  Signer(const PrivateKey& key)
      : public_key(key.public_key()), sign([&key](ByteView message) { return key.sign(message); }) {}
  Signer(const PublicKey& key, std::function<Signature(ByteView message)> signing)
      : public_key(key), sign(std::move(signing)) {}

  PublicKey public_key;
  std::function<Signature(ByteView message)> sign;
};

/// What a record is about: the name of its domain, as "idn/contact", and the version of its payload's layout.
struct RecordKind {
  std::string_view domain;
  std::uint32_t version = 1;
};

/// What a check of a record found.
enum class Verdict { kValid, kWrongDomain, kFutureVersion, kExpired, kBadSignature };

/// For people, as "wrong domain".
std::string_view to_string(Verdict verdict);

/// Bytes that outlive a session, and who stands for them: until when, and as what (docs/wire.md).
///
/// The signature covers everything else in the record, and begins with a text of its own, so that none
/// made for another purpose, domain or version can be shown here.
class SignedRecord {
 public:
  static constexpr std::size_t kMaxDomain = 64;
  static constexpr std::size_t kMaxPayload = 65536;
  static constexpr std::size_t kMaxBytes = kMaxPayload + 192;  ///< of the encoding, rounded up

  /// Signs a payload that is valid while the time is before `expires_ms`, in Unix milliseconds.
  ///
  /// Throws std::invalid_argument for a domain that is not 1 to kMaxDomain of a-z, 0-9, '-' and '/', version
  /// 0, a payload above kMaxPayload or a time before 1970.
  static SignedRecord sign(const Signer& signer, const RecordKind& kind, Bytes payload,
                           std::int64_t expires_ms);

  /// Reads the whole of bytes; whether to believe them is for verify() to say.
  static Result<SignedRecord> from_bytes(ByteView bytes);

  /// What from_bytes() reads.
  [[nodiscard]] Bytes bytes() const;

  /// Whether this is of the expected domain, of its version or an older one, not expired, and signed by
  /// signer(); the first of these that fails, in this order. It says nothing about who the signer is.
  [[nodiscard]] Verdict verify(const RecordKind& expected, std::int64_t now_ms) const;

  [[nodiscard]] const std::string& domain() const { return domain_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const Bytes& payload() const { return payload_; }
  [[nodiscard]] std::int64_t expires_ms() const { return expires_ms_; }
  [[nodiscard]] const PublicKey& signer() const { return signer_; }
  [[nodiscard]] const Signature& signature() const { return signature_; }

  bool operator==(const SignedRecord&) const = default;

 private:
  SignedRecord() = default;
  void append_signed_fields(Bytes& out) const;
  [[nodiscard]] Bytes message() const;

  std::string domain_;
  std::uint32_t version_ = 0;
  Bytes payload_;
  std::int64_t expires_ms_ = 0;
  PublicKey signer_{};
  Signature signature_{};
};

}  // namespace idn::identity
