#include "idn/identity/node_id.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "hex.h"

namespace idn::identity {
namespace {

constexpr HashFunction kNaming[] = {HashFunction::kSha2Bits256, HashFunction::kSha3Bits256,
                                    HashFunction::kKeccak256};
constexpr HashFunction kOthers[] = {HashFunction::kIdentity, HashFunction::kSha1, HashFunction::kSha2Bits512,
                                    HashFunction::kBlake2b256};

PublicKey some_key() { return PrivateKey::from_seed({1, 2, 3}).public_key(); }

std::string refusal(const Result<unsigned>& result) { return result ? "" : to_string(result.problem()); }

TEST(NodeId, IsTheHashOfThePublicKey) {
  // RFC 8032's first key; sha256sum of it.
  const auto key = array_from_hex<32>("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(node_id(key).bytes()),
            "122021fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9");
}

TEST(NodeId, LeadingZeroBitsAreCountedFromTheHighestOfTheFirstByte) {
  EXPECT_EQ(leading_zero_bits(from_hex("ff")), 0U);
  EXPECT_EQ(leading_zero_bits(from_hex("7f")), 1U);
  EXPECT_EQ(leading_zero_bits(from_hex("01ff")), 7U);
  EXPECT_EQ(leading_zero_bits(from_hex("00ff")), 8U);
  EXPECT_EQ(leading_zero_bits(from_hex("000010")), 19U);
  EXPECT_EQ(leading_zero_bits(from_hex("0000")), 16U);
  EXPECT_EQ(leading_zero_bits({}), 0U);
}

TEST(NodeId, OnlyThreeHashFunctionsNameNodes) {
  for (const HashFunction function : kNaming) {
    EXPECT_TRUE(names_nodes(function)) << to_string(function);
    EXPECT_TRUE(verify_node_id(node_id(some_key(), function), some_key()).ok()) << to_string(function);
  }
  for (const HashFunction function : kOthers) {
    EXPECT_FALSE(names_nodes(function)) << to_string(function);
    EXPECT_THROW(node_id(some_key(), function), std::invalid_argument) << to_string(function);
    const Multihash hash = Multihash::digest(some_key(), function);
    EXPECT_EQ(refusal(verify_node_id(hash, some_key())),
              "at byte 0: a node ID made with " + std::string(to_string(function)) +
                  ", expected one of sha2-256, sha3-256, keccak-256");
  }
}

TEST(NodeId, OfAnotherKeyIsRefusedWithTheReason) {
  PublicKey other = some_key();
  other[31] ^= 1;
  EXPECT_EQ(refusal(verify_node_id(node_id(some_key()), other)),
            "at byte 2: the node ID is not the hash of the public key");
}

TEST(NodeId, TooFewLeadingZeroBitsAreRefusedWithTheReason) {
  for (std::uint8_t number = 0; number < 64; ++number) {
    const PublicKey key = PrivateKey::from_seed({number}).public_key();
    const Multihash id = node_id(key);
    const unsigned zeros = leading_zero_bits(id.digest_bytes());
    EXPECT_EQ(verify_node_id(id, key).value(), zeros);
    EXPECT_EQ(verify_node_id(id, key, zeros).value(), zeros);
    const std::string found =
        std::to_string(zeros) + (zeros == 1 ? " leading zero bit" : " leading zero bits");
    EXPECT_EQ(refusal(verify_node_id(id, key, zeros + 1)),
              "at byte " + std::to_string(2 + zeros / 8) + ": the node ID has " + found +
                  ", expected at least " + std::to_string(zeros + 1));
  }
}

TEST(NodeId, ADifficultyBeyondEveryoneIsTheCallersMistake) {
  EXPECT_NO_THROW(check_difficulty(kMaxDifficulty));
  EXPECT_THROW(check_difficulty(kMaxDifficulty + 1), std::invalid_argument);
  EXPECT_THROW((void)verify_node_id(node_id(some_key()), some_key(), 65), std::invalid_argument);
}

}  // namespace
}  // namespace idn::identity
