#include "idn/identity/multiformats/multihash.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "idn/identity/multiformats/multibase.h"

namespace idn::identity {
namespace {

std::string hex(ByteView bytes) { return multibase::encode_plain(multibase::Base::kBase16, bytes); }

Bytes unhex(std::string_view text) {
  return multibase::decode_plain(multibase::Base::kBase16, text).or_throw("hex");
}

// "abc", as FIPS 180-4, FIPS 202, the Keccak team and RFC 7693's algorithm at 32 bytes have it.
TEST(Multihash, HashesAsTheStandardsDo) {
  const std::vector<std::pair<HashFunction, std::string>> known{
      {HashFunction::kIdentity, "0003616263"},
      {HashFunction::kSha1, "1114a9993e364706816aba3e25717850c26c9cd0d89d"},
      {HashFunction::kSha2Bits256, "1220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {HashFunction::kSha2Bits512,
       "1340ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd4"
       "54d4423"
       "643ce80e2a9ac94fa54ca49f"},
      {HashFunction::kSha3Bits256, "16203a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
      {HashFunction::kKeccak256, "1b204e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
      {HashFunction::kBlake2b256, "a0e40220bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
  };
  for (const auto& [function, expected] : known) {
    const auto hash = Multihash::digest(bytes_of("abc"), function);
    EXPECT_EQ(hex(hash.bytes()), expected) << to_string(function);
    EXPECT_TRUE(hash.matches(bytes_of("abc")));
    EXPECT_FALSE(hash.matches(bytes_of("abd")));
    EXPECT_EQ(Multihash::from_bytes(hash.bytes()).value(), hash);
    EXPECT_EQ(Multihash::from_text(hash.text()).value(), hash);
    EXPECT_EQ(hash_function(to_string(function)), function);
  }
}

// Section 7.1 of the dissertation prints the seven characters of "content" where a digest belongs.
TEST(Multihash, RefusesTheDissertationsExampleBecauseADigestOfSha1Has20Bytes) {
  EXPECT_EQ(Multihash::from_bytes(unhex("1107636f6e74656e74")).problem(),
            (Problem{1, "a digest of sha1 has 20 bytes, not 7"}));
}

TEST(Multihash, RefusesWithThePositionOfTheMistake) {
  EXPECT_EQ(Multihash::from_bytes(Bytes{}).problem(), (Problem{0, "hash function: the number is cut off"}));
  EXPECT_EQ(Multihash::from_bytes(unhex("12")).problem(),
            (Problem{1, "digest length: the number is cut off"}));
  EXPECT_EQ(Multihash::from_bytes(unhex("d401200000")).problem(),
            (Problem{0, "no hash function known here has the code 212"}));
  EXPECT_EQ(Multihash::from_bytes(unhex("12200102")).problem(),
            (Problem{4, "the digest is cut off: 2 of 32 bytes are there"}));
  EXPECT_EQ(Multihash::from_bytes(unhex("9200" + std::string(64, '0'))).problem().position, 1U);
  Bytes longer = Multihash::digest(bytes_of("abc")).bytes();
  longer.push_back(0);
  EXPECT_EQ(Multihash::from_bytes(longer).problem(), (Problem{34, "1 bytes too many after the digest"}));
  EXPECT_EQ(Multihash::from_text("QmO").problem(), (Problem{2, "'O' is no character of base 'z'"}));
  EXPECT_EQ(Multihash::from_text("").problem().position, 0U);
}

TEST(Multihash, ReadsOneFromLongerBytes) {
  Bytes bytes = Multihash::digest(bytes_of("abc")).bytes();
  bytes.push_back(7);
  const auto prefix = Multihash::read(bytes);
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->size, 34U);
  EXPECT_TRUE(prefix->hash.matches(bytes_of("abc")));
}

TEST(Multihash, BoundsTheIdentity) {
  const Bytes most(kMaxIdentityBytes);
  EXPECT_EQ(
      Multihash::from_bytes(Multihash::digest(most, HashFunction::kIdentity).bytes())->digest_bytes().size(),
      128U);
  const Bytes more(kMaxIdentityBytes + 1);
  EXPECT_THROW(static_cast<void>(Multihash::digest(more, HashFunction::kIdentity)), std::invalid_argument);
  EXPECT_FALSE(Multihash::of_digest(HashFunction::kIdentity, more));
  EXPECT_FALSE(Multihash::of_digest(HashFunction::kSha2Bits256, more));
}

TEST(Multihash, NamesTheFunctionsItKnows) {
  try {
    static_cast<void>(hash_function("md5"));
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("'md5' is unknown; expected one of identity, sha1, sha2-256"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace idn::identity
