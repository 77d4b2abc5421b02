#include "idn/identity/signed_message.h"

#include <gtest/gtest.h>

#include "idn/identity/cbor.h"
#include "idn/identity/signed_record.h"

namespace idn::identity {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

TEST(SignedMessage, IsSignedBehindItsPurpose) {
  const PrivateKey key = PrivateKey::from_seed({1});
  const Bytes message(300, 7);
  const Signature signature = sign_message(key, message);
  EXPECT_EQ(signature, key.sign(cbor::encode(cbor::Array{"idn/message/1", message})));
  EXPECT_TRUE(verify_message(key.public_key(), message, signature));
  EXPECT_FALSE(verify_message(key.public_key(), Bytes(299, 7), signature));
  EXPECT_FALSE(verify_message(PrivateKey::from_seed({2}).public_key(), message, signature));
  EXPECT_FALSE(verify_message(key.public_key(), message, key.sign(message))) << "the bytes as they are";
}

TEST(SignedMessage, WhatARecordSignsAsAMessageMakesNoRecord) {
  const PrivateKey key = PrivateKey::from_seed({1});
  // The victim signs, as a challenge, what an attacker wants as its record.
  const Signer victim(key.public_key(), [&](ByteView challenge) { return sign_message(key, challenge); });
  const SignedRecord record = SignedRecord::sign(victim, {.domain = "idn/contact"}, Bytes{7}, 1);
  EXPECT_EQ(record.verify({.domain = "idn/contact"}, 0), Verdict::kBadSignature);
}

TEST(SignedMessage, TheSignatureOfARecordIsNoneOfAMessage) {
  const PrivateKey key = PrivateKey::from_seed({1});
  Bytes message;
  const Signer watched(key.public_key(), [&](ByteView bytes) {
    message = copy(bytes);
    return key.sign(bytes);
  });
  const SignedRecord record = SignedRecord::sign(watched, {.domain = "idn/note"}, Bytes{7}, 1);
  EXPECT_EQ(record.verify({.domain = "idn/note"}, 0), Verdict::kValid);
  EXPECT_FALSE(verify_message(key.public_key(), message, record.signature()));
}

}  // namespace
}  // namespace idn::identity
