#include "idn/identity/contact.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "hex.h"
#include "idn/identity/cbor.h"
#include "idn/identity/node_id.h"

namespace idn::identity {
namespace {

constexpr std::int64_t kExpires = 1'700'000'000'000;
constexpr std::int64_t kBefore = kExpires - 1;

PrivateKey some_key() { return PrivateKey::from_seed({1}); }

Multiaddr address(std::string_view text) { return Multiaddr::from_text(text).or_throw("address"); }

Contact some_contact(HashFunction function = HashFunction::kSha2Bits256) {
  return {.node_id = node_id(some_key().public_key(), function),
          .addresses = {address("/ip4/127.0.0.1/tcp/4001"), address("/dns/idn.example/tcp/443")},
          .transport_key = {9, 8, 7},
          .sequence = 12};
}

// The contact as values, so that a test can replace one.
cbor::Array fields_of(const Contact& contact) {
  return *cbor::decode(contact.sign(some_key(), kExpires).payload())->array();
}

Result<Contact> read(const cbor::Value& payload) {
  return Contact::from_record(SignedRecord::sign(some_key(), kContactRecord, cbor::encode(payload), kExpires),
                              kBefore);
}

Problem refused(std::size_t field, const cbor::Value& value) {
  cbor::Array fields = fields_of(some_contact());
  fields[field] = value;
  const auto contact = read(fields);
  return contact ? Problem{0, "accepted"} : contact.problem();
}

TEST(Contact, ComesBackFromItsRecord) {
  for (const HashFunction function :
       {HashFunction::kSha2Bits256, HashFunction::kSha3Bits256, HashFunction::kKeccak256}) {
    const Contact contact = some_contact(function);
    const SignedRecord record = contact.sign(some_key(), kExpires);
    EXPECT_EQ(record.domain(), "idn/contact");
    EXPECT_EQ(record.version(), 1U);
    const auto found = Contact::from_record(*SignedRecord::from_bytes(record.bytes()), kBefore);
    ASSERT_TRUE(found.ok()) << to_string(found.problem());
    EXPECT_EQ(*found, contact);
  }
}

TEST(Contact, IsAnArrayOfItsFields) {
  const Contact contact = some_contact();
  const cbor::Array fields = fields_of(contact);
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[0], cbor::Value(contact.node_id.bytes()));
  EXPECT_EQ(fields[1], cbor::Value(cbor::Array{contact.addresses[0].bytes(), contact.addresses[1].bytes()}));
  EXPECT_EQ(fields[2], cbor::Value(Bytes(contact.transport_key.begin(), contact.transport_key.end())));
  EXPECT_EQ(fields[3], cbor::Value(12));
}

TEST(Contact, ANodeMayHaveNoAddressAndAsManyAsThereMayBe) {
  Contact contact = some_contact();
  contact.addresses.clear();
  EXPECT_TRUE(read(fields_of(contact)).ok());
  contact.addresses.assign(Contact::kMaxAddresses, address("/ip4/127.0.0.1/tcp/4001"));
  contact.sequence = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(read(fields_of(contact)).ok());
}

TEST(Contact, ARecordThatIsNotValidIsNotRead) {
  const SignedRecord record = some_contact().sign(some_key(), kExpires);
  EXPECT_EQ(Contact::from_record(record, kExpires).problem(),
            (Problem{0, "the record is not valid: expired"}));
  Bytes forged = record.bytes();
  forged[20] ^= 1U;
  EXPECT_EQ(Contact::from_record(*SignedRecord::from_bytes(forged), kBefore).problem(),
            (Problem{0, "the record is not valid: bad signature"}));
  const Bytes& payload = record.payload();
  EXPECT_EQ(
      Contact::from_record(SignedRecord::sign(some_key(), {"idn/voucher", 1}, payload, kExpires), kBefore)
          .problem(),
      (Problem{0, "the record is not valid: wrong domain"}));
  EXPECT_EQ(
      Contact::from_record(SignedRecord::sign(some_key(), {"idn/contact", 2}, payload, kExpires), kBefore)
          .problem(),
      (Problem{0, "the record is not valid: version from the future"}));
}

TEST(Contact, OfAnotherNodeThanTheSignerIsRefused) {
  const PublicKey other = PrivateKey::from_seed({2}).public_key();
  EXPECT_EQ(refused(0, node_id(other).bytes()),
            (Problem{5, "node ID: the node ID is not the hash of the public key"}));
}

TEST(Contact, ANodeIdThatIsNoHashOrAWeakOneIsRefused) {
  const PublicKey key = some_key().public_key();
  const std::string rule = ", expected one of sha2-256, sha3-256, keccak-256";
  EXPECT_EQ(refused(0, Multihash::digest(key, HashFunction::kIdentity).bytes()),
            (Problem{3, "node ID: a node ID made with identity" + rule}));
  EXPECT_EQ(refused(0, Multihash::digest(key, HashFunction::kSha1).bytes()),
            (Problem{2, "node ID: a node ID made with sha1" + rule}));
  EXPECT_EQ(refused(0, Multihash::digest(key, HashFunction::kSha2Bits512).bytes()),
            (Problem{1, "node ID: expected at most 34 bytes, found 66"}));
  EXPECT_EQ(refused(0, Bytes{0x12, 32, 1}).position, 2U + 3U);
  EXPECT_EQ(refused(0, "text"), (Problem{1, "node ID: expected a byte string, found a text"}));
}

TEST(Contact, AddressesThatAreNoneOrTooManyAreRefused) {
  const Bytes good = address("/ip4/127.0.0.1/tcp/4001").bytes();
  EXPECT_EQ(refused(1, cbor::Array(17, good)),
            (Problem{37, "addresses: expected an array of at most 16, found 17"}));
  EXPECT_EQ(refused(1, cbor::Array{Bytes{}, good}), (Problem{39, "address: the address is empty"}));
  // An ip4 address of 3 bytes, in the second place.
  const Problem bad = refused(1, cbor::Array{good, Bytes{4, 127, 0, 0}});
  EXPECT_EQ(bad.position, 37U + 1U + 1U + good.size() + 1U + 1U);
  EXPECT_TRUE(bad.reason.starts_with("address: ip4: ")) << bad.reason;
  EXPECT_EQ(refused(1, cbor::Array{good, Bytes(1025)}),
            (Problem{37U + 1U + 1U + good.size(), "address: expected at most 1024 bytes, found 1025"}));
  EXPECT_EQ(refused(1, cbor::Array{good, "/ip4/127.0.0.1"}).reason,
            "address: expected a byte string, found a text");
}

TEST(Contact, KeysOfTheWrongLengthNegativeSequencesAndOtherLayoutsAreRefused) {
  EXPECT_EQ(refused(2, Bytes(33)).reason, "transport key: expected 32 bytes, found 33");
  EXPECT_EQ(refused(3, -1).reason, "sequence: expected an unsigned integer, found a negative integer");
  EXPECT_EQ(refused(3, std::uint64_t{1} << 63U).reason,
            "sequence: expected a number from 0 to 9223372036854775807, found 9223372036854775808");
  EXPECT_EQ(read(cbor::Array(5)).problem(), (Problem{0, "contact: expected an array of 4, found 5"}));
  EXPECT_EQ(read(nullptr).problem(), (Problem{0, "contact: expected an array, found null"}));
}

TEST(Contact, AMistakeOfTheSignerIsRefused) {
  const auto throws = [](const Contact& contact) {
    EXPECT_THROW((void)contact.sign(some_key(), kExpires), std::invalid_argument);
  };
  Contact contact = some_contact();
  contact.node_id = node_id(PrivateKey::from_seed({2}).public_key());
  throws(contact);
  contact = some_contact();
  contact.node_id = Multihash::digest(some_key().public_key(), HashFunction::kSha1);
  throws(contact);
  contact = some_contact();
  contact.addresses.assign(17, address("/ip4/127.0.0.1/tcp/4001"));
  throws(contact);
  contact = some_contact();
  contact.sequence = -1;
  throws(contact);
}

}  // namespace
}  // namespace idn::identity
