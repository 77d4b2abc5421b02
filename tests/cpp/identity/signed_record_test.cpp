#include "idn/identity/signed_record.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "hex.h"
#include "idn/identity/cbor.h"

namespace idn::identity {
namespace {

constexpr RecordKind kNote{.domain = "idn/note", .version = 3};
constexpr std::int64_t kExpires = 1'700'000'000'000;
constexpr std::int64_t kBefore = kExpires - 1;

PrivateKey some_key(std::uint8_t first = 1) { return PrivateKey::from_seed({first}); }

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

SignedRecord some_record() { return SignedRecord::sign(some_key(), kNote, Bytes{7, 8, 9}, kExpires); }

TEST(SignedRecord, IsAnArrayOfItsFieldsAndTheSignatureIsOverThemAndThePurpose) {
  const PrivateKey key = some_key();
  const SignedRecord record = some_record();
  const cbor::Value signer = copy(key.public_key());
  const Bytes message =
      cbor::encode(cbor::Array{"idn/signed-record/1", "idn/note", 3, Bytes{7, 8, 9}, kExpires, signer});
  EXPECT_EQ(record.signature(), key.sign(message));
  EXPECT_EQ(record.bytes(), cbor::encode(cbor::Array{"idn/note", 3, Bytes{7, 8, 9}, kExpires, signer,
                                                     copy(record.signature())}));
}

TEST(SignedRecord, AKeyKeptElsewhereSignsTheSame) {
  const PrivateKey key = some_key();
  int asked = 0;
  const Signer signer(key.public_key(), [&](ByteView message) {
    ++asked;
    return key.sign(message);
  });
  EXPECT_EQ(SignedRecord::sign(signer, kNote, Bytes{7, 8, 9}, kExpires), some_record());
  EXPECT_EQ(asked, 1);
}

TEST(SignedRecord, ComesBackFromItsBytes) {
  const SignedRecord record = some_record();
  const auto read = SignedRecord::from_bytes(record.bytes());
  ASSERT_TRUE(read.ok()) << to_string(read.problem());
  EXPECT_EQ(*read, record);
  EXPECT_EQ(read->domain(), "idn/note");
  EXPECT_EQ(read->version(), 3U);
  EXPECT_EQ(read->payload(), (Bytes{7, 8, 9}));
  EXPECT_EQ(read->expires_ms(), kExpires);
  EXPECT_EQ(read->signer(), some_key().public_key());
  EXPECT_EQ(read->verify(kNote, kBefore), Verdict::kValid);
}

TEST(SignedRecord, TheLargestOneFitsAndNoLargerOneIsMade) {
  const RecordKind longest{.domain = "a123456789b123456789c123456789d123456789e123456789f123456789/-/-",
                           .version = std::numeric_limits<std::uint32_t>::max()};
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  const Bytes bytes =
      SignedRecord::sign(some_key(), longest, Bytes(SignedRecord::kMaxPayload), kLast).bytes();
  EXPECT_LE(bytes.size(), SignedRecord::kMaxBytes);
  const auto read = SignedRecord::from_bytes(bytes);
  ASSERT_TRUE(read.ok()) << to_string(read.problem());
  EXPECT_EQ(read->verify(longest, kLast - 1), Verdict::kValid);
  EXPECT_THROW(SignedRecord::sign(some_key(), longest, Bytes(SignedRecord::kMaxPayload + 1), kLast),
               std::invalid_argument);
}

TEST(SignedRecord, EachReasonNotToBelieveItIsToldApart) {
  const SignedRecord record = some_record();
  EXPECT_EQ(record.verify({.domain = "idn/other", .version = 3}, kBefore), Verdict::kWrongDomain);
  EXPECT_EQ(record.verify({.domain = "idn/not", .version = 3}, kBefore), Verdict::kWrongDomain);
  EXPECT_EQ(record.verify({.domain = "idn/note", .version = 2}, kBefore), Verdict::kFutureVersion);
  EXPECT_EQ(record.verify({.domain = "idn/note", .version = 4}, kBefore), Verdict::kValid);
  EXPECT_EQ(record.verify(kNote, kExpires), Verdict::kExpired);
  EXPECT_EQ(record.verify(kNote, std::numeric_limits<std::int64_t>::max()), Verdict::kExpired);
  EXPECT_EQ(record.verify(kNote, std::numeric_limits<std::int64_t>::min()), Verdict::kValid);
  Bytes forged = record.bytes();
  forged.back() ^= 1U;
  EXPECT_EQ(SignedRecord::from_bytes(forged)->verify(kNote, kBefore), Verdict::kBadSignature);
  EXPECT_EQ(to_string(Verdict::kFutureVersion), "version from the future");
}

TEST(SignedRecord, NoBitOfItCanBeTurned) {
  const Bytes bytes = some_record().bytes();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes turned = bytes;
    turned[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto read = SignedRecord::from_bytes(turned);
    if (read) {
      // Asked for as what it now says it is, and in good time.
      const RecordKind kind{.domain = read->domain(), .version = read->version()};
      const std::int64_t now_ms = read->expires_ms() - 1;
      EXPECT_EQ(read->verify(kind, now_ms), Verdict::kBadSignature) << "bit " << bit;
      EXPECT_EQ(read->bytes(), turned);
    }
  }
}

TEST(SignedRecord, AnothersNameUnderItIsABadSignature) {
  const SignedRecord mine = some_record();
  const cbor::Value decoded = *cbor::decode(mine.bytes());
  cbor::Array fields = *decoded.array();
  fields[4] = copy(some_key(2).public_key());
  EXPECT_EQ(SignedRecord::from_bytes(cbor::encode(fields))->verify(kNote, kBefore), Verdict::kBadSignature);
}

TEST(SignedRecord, ASignatureForAnotherPurposeIsABadOne) {
  const PrivateKey key = some_key();
  cbor::Array fields{"idn/note", 3, Bytes{7}, kExpires, copy(key.public_key())};
  cbor::Array other = fields;
  other.insert(other.begin(), "idn/signed-record/2");
  for (const Bytes& message : {cbor::encode(fields), cbor::encode(other)}) {
    cbor::Array record = fields;
    record.emplace_back(copy(key.sign(message)));
    EXPECT_EQ(SignedRecord::from_bytes(cbor::encode(record))->verify(kNote, kBefore), Verdict::kBadSignature);
  }
}

TEST(SignedRecord, WhatIsNoRecordIsRefusedWithPlaceAndReason) {
  const cbor::Array good = *cbor::decode(some_record().bytes())->array();
  const auto refused = [&good](std::size_t field, const cbor::Value& value) {
    cbor::Array fields = good;
    fields[field] = value;
    const auto read = SignedRecord::from_bytes(cbor::encode(fields));
    return read ? Problem{0, "accepted"} : read.problem();
  };
  const std::string domain_rule = "domain: expected 1 to 64 of a-z, 0-9, '-' and '/'";
  EXPECT_EQ(refused(0, ""), (Problem{2, domain_rule}));
  EXPECT_EQ(refused(0, "Idn"), (Problem{2, domain_rule}));
  EXPECT_EQ(refused(0, "idn note"), (Problem{2, domain_rule}));
  EXPECT_EQ(refused(0, std::string(65, 'a')), (Problem{1, "domain: expected at most 64 bytes, found 65"}));
  EXPECT_EQ(refused(0, 1), (Problem{1, "domain: expected a text, found an unsigned integer"}));
  EXPECT_EQ(refused(1, 0), (Problem{10, "version: expected a number from 1 to 4294967295, found 0"}));
  EXPECT_EQ(refused(1, std::uint64_t{1} << 32U),
            (Problem{10, "version: expected a number from 1 to 4294967295, found 4294967296"}));
  EXPECT_EQ(refused(2, "text"), (Problem{11, "payload: expected a byte string, found a text"}));
  EXPECT_EQ(refused(2, Bytes(65537)), (Problem{11, "payload: expected at most 65536 bytes, found 65537"}));
  EXPECT_EQ(refused(3, -1), (Problem{15, "expiry: expected an unsigned integer, found a negative integer"}));
  EXPECT_EQ(
      refused(3, std::uint64_t{1} << 63U),
      (Problem{15, "expiry: expected a number from 0 to 9223372036854775807, found 9223372036854775808"}));
  EXPECT_EQ(refused(4, Bytes(31)), (Problem{24, "signer: expected 32 bytes, found 31"}));
  EXPECT_EQ(refused(5, Bytes(65)), (Problem{58, "signature: expected 64 bytes, found 65"}));
  EXPECT_EQ(refused(5, nullptr), (Problem{58, "signature: expected a byte string, found null"}));
}

TEST(SignedRecord, WhatIsCutOffOrGoesOnIsRefused) {
  Bytes bytes = some_record().bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SignedRecord::from_bytes(ByteView(bytes).first(size)).ok()) << size;
  }
  const std::size_t end = bytes.size();
  bytes.push_back(0);
  EXPECT_EQ(SignedRecord::from_bytes(bytes).problem(),
            (Problem{end, "the value ends here; bytes that follow: 1"}));
  EXPECT_EQ(SignedRecord::from_bytes(from_hex("80")).problem(),
            (Problem{0, "record: expected an array of 6, found 0"}));
}

TEST(SignedRecord, AMistakeOfTheSignerIsRefused) {
  const PrivateKey key = some_key();
  for (const std::string& domain :
       {std::string(), std::string("Idn"), std::string("idn_note"), std::string("ä"), std::string(65, 'a')}) {
    EXPECT_THROW(SignedRecord::sign(key, {.domain = domain}, {}, kExpires), std::invalid_argument) << domain;
  }
  EXPECT_THROW(SignedRecord::sign(key, {.domain = "idn", .version = 0}, {}, kExpires), std::invalid_argument);
  EXPECT_THROW(SignedRecord::sign(key, kNote, {}, -1), std::invalid_argument);
}

}  // namespace
}  // namespace idn::identity
