#include "idn/identity/signed_record.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "idn/identity/cbor_item.h"
#include "idn/identity/cbor_reader.h"

namespace idn::identity {
namespace {

// The first value of what is signed; another layout of records would have another.
constexpr std::string_view kPurpose = "idn/signed-record/1";

constexpr std::string_view kDomainRule = "1 to 64 of a-z, 0-9, '-' and '/'";

bool is_domain(std::string_view text) {
  return !text.empty() && text.size() <= SignedRecord::kMaxDomain &&
         std::ranges::all_of(text, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
                  letter == '/';
         });
}

void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw std::invalid_argument("signed record: " + what + " is " + found + ", expected " + expected + ".");
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kValid:
      return "valid";
    case Verdict::kWrongDomain:
      return "wrong domain";
    case Verdict::kFutureVersion:
      return "version from the future";
    case Verdict::kExpired:
      return "expired";
    default:
      return "bad signature";
  }
}

SignedRecord SignedRecord::sign(const Signer& signer, const RecordKind& kind, Bytes payload,
                                std::int64_t expires_ms) {
  if (!is_domain(kind.domain))
    refuse("the domain", std::string("'").append(kind.domain).append("'"), std::string(kDomainRule));
  if (kind.version == 0) refuse("the version", "0", "at least 1");
  if (payload.size() > kMaxPayload) {
    refuse("the payload", std::to_string(payload.size()) + " bytes",
           "at most " + std::to_string(kMaxPayload));
  }
  if (expires_ms < 0) refuse("expires_ms", std::to_string(expires_ms), "milliseconds from 1970 on");
  SignedRecord record;
  record.domain_ = kind.domain;
  record.version_ = kind.version;
  record.payload_ = std::move(payload);
  record.expires_ms_ = expires_ms;
  record.signer_ = signer.public_key;
  record.signature_ = signer.sign(record.message());
  return record;
}

Result<SignedRecord> SignedRecord::from_bytes(ByteView bytes) {
  cbor::Reader reader(bytes);
  reader.array("record", 6);
  const std::string_view domain = reader.text("domain", kMaxDomain);
  if (!is_domain(domain))
    reader.refuse("domain", bytes_of(domain), {0, "expected " + std::string(kDomainRule)});
  const auto version = reader.unsigned_integer("version", 1, std::numeric_limits<std::uint32_t>::max());
  const ByteView payload = reader.bytes("payload", kMaxPayload);
  const auto expires_ms = reader.unsigned_integer("expiry", 0, std::numeric_limits<std::int64_t>::max());
  SignedRecord record;
  record.signer_ = reader.exact_bytes<std::tuple_size_v<PublicKey>>("signer");
  record.signature_ = reader.exact_bytes<std::tuple_size_v<Signature>>("signature");
  if (auto problem = reader.finish()) return *std::move(problem);
  record.domain_ = domain;
  record.version_ = static_cast<std::uint32_t>(version);
  record.payload_.assign(payload.begin(), payload.end());
  record.expires_ms_ = static_cast<std::int64_t>(expires_ms);
  return record;
}

Bytes SignedRecord::bytes() const {
  Bytes out;
  out.reserve(payload_.size() + 256);
  cbor::append_array(out, 6);
  append_signed_fields(out);
  cbor::append_bytes(out, signature_);
  return out;
}

Verdict SignedRecord::verify(const RecordKind& expected, std::int64_t now_ms) const {
  if (domain_ != expected.domain) return Verdict::kWrongDomain;
  if (version_ > expected.version) return Verdict::kFutureVersion;
  if (now_ms >= expires_ms_) return Verdict::kExpired;
  return identity::verify(signer_, message(), signature_) ? Verdict::kValid : Verdict::kBadSignature;
}

void SignedRecord::append_signed_fields(Bytes& out) const {
  cbor::append_text(out, domain_);
  cbor::append_unsigned(out, version_);
  cbor::append_bytes(out, payload_);
  cbor::append_unsigned(out, static_cast<std::uint64_t>(expires_ms_));
  cbor::append_bytes(out, signer_);
}

Bytes SignedRecord::message() const {
  Bytes out;
  out.reserve(payload_.size() + 256);
  cbor::append_array(out, 6);
  cbor::append_text(out, kPurpose);
  append_signed_fields(out);
  return out;
}

}  // namespace idn::identity
