// Signed records and the contacts in them: one encoding each, and no change of a signed byte goes unseen.
//
// An even first byte: a record follows. An odd one: the payload of a contact, signed here, so that the fuzzer
// need not find a signature.
#include "idn/identity/contact.h"
#include "idn/identity/signed_record.h"
#include "known_key.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

constexpr std::int64_t kExpires = 1'000'000;

RecordKind kind_of(const SignedRecord& record) { return {record.domain(), record.version()}; }

void sign_again(const SignedRecord& read) {
  const SignedRecord record =
      SignedRecord::sign(fuzz::known_key(), kind_of(read), read.payload(), read.expires_ms());
  const auto back = SignedRecord::from_bytes(record.bytes());
  require(back.ok() && *back == record, "a record comes back from its bytes");
  require(record.verify(kind_of(record), record.expires_ms()) == Verdict::kExpired,
          "a record ends at its time");
  require(record.verify({"another", record.version()}, 0) == Verdict::kWrongDomain, "a domain is looked at");
  require(record.verify({record.domain(), record.version() - 1}, 0) == Verdict::kFutureVersion,
          "a version is looked at");
  if (record.expires_ms() == 0) return;
  require(record.verify(kind_of(record), record.expires_ms() - 1) == Verdict::kValid, "a signature is good");
  if (read.signer() == record.signer() && read.signature() != record.signature()) {
    require(read.verify(kind_of(read), 0) == Verdict::kBadSignature, "Ed25519 signs in one way");
  }
}

void read_a_record(ByteView bytes) {
  const auto record = SignedRecord::from_bytes(bytes);
  if (!fuzz::taken(record, bytes.size())) return;
  require(bytes.size() <= SignedRecord::kMaxBytes, "a record has at most kMaxBytes");
  require(fuzz::same(record->bytes(), bytes), "bytes that are read are written again");
  fuzz::taken(Contact::from_record(*record, 0), record->payload().size());
  sign_again(*record);
}

void read_a_contact(ByteView payload) {
  if (payload.size() > SignedRecord::kMaxPayload) return;
  const PrivateKey key = fuzz::known_key();
  const SignedRecord record =
      SignedRecord::sign(key, kContactRecord, Bytes(payload.begin(), payload.end()), kExpires);
  const auto contact = Contact::from_record(record, 0);
  require(!Contact::from_record(record, kExpires).ok(), "a contact that has expired is refused");
  if (!fuzz::taken(contact, payload.size())) return;
  require(contact->sign(key, kExpires) == record, "a contact that is read is written again");
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const idn::ByteView rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    idn::identity::read_a_record(rest);
  } else {
    idn::identity::read_a_contact(rest);
  }
  return 0;
}
