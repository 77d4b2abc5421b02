#include "idn/identity/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hex.h"

namespace idn::identity {
namespace {

static_assert(!std::is_copy_constructible_v<PrivateKey> && !std::is_copy_assignable_v<PrivateKey>);

using Seed = std::array<std::uint8_t, 32>;

struct Vector {
  std::string_view seed;
  std::string_view public_key;
  std::string_view message;
  std::string_view signature;
};

// RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "05"
     "95bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb"
     "4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "97"
     "16ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442"
     "36"
     "43ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179"
     "c1"
     "38ac17ad9bef1177331a704"},
};

// The order of the group, which added to a signature's second half gives it a twin.
constexpr std::string_view kGroupOrder = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

// Points whose order is 1, 2, 4 or 8, in every form that decodes to them.
constexpr std::string_view kSmallOrder[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

// Signatures of "message" by the seed 00 01 ... 1f. The first three move the signature's point by one of
// order 2, 4 and 8, and hold in RFC 8032's equation with the cofactor; the others move the key, and hold
// without it too. Made by tests/python/ed25519_reference.py.
constexpr std::pair<std::string_view, std::string_view> kMixedOrder[] = {
    {"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
     "db81690ac6c3687bd8d5c1a89f424af9ac3e85f7ce9654664458f23ecc8a448c"
     "6f3201ad5fd22a899d989e3cc82331505702d790bdb5d10dd9d9846e1c6d8b08"},
    {"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
     "0d2c9b19af11719a2b8a8600450b07e7e7d32572e049757c2504da34ba894426"
     "2709e41bd9b49680d3129fc3df732da81b8870ca37314021cba618b03a1fe704"},
    {"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
     "3c7e9155d53c6b45f7c0689a44f43a6cb95b18be8bedae90fa54d36163051fcb"
     "7dcc286b1c76ab0e92808751f5e02a683f683e483d1d658a767385abdb243801"},
    {"ea5ef8400c31ef41e28f22e718b43f66981b29cf645af2a0e223799bedaace47",
     "9fae697502e752768a1332638c9930710eba813a99b7a74a349ec8832e436d78"
     "885015f9426591309102e954ebf740217e416169d40a1ed28871a863aa03840e"},
    {"62d5a653bcdb4ced227281ab7f0f2d1eebed4fb114b1aead9758cf56aeebd493",
     "c18597faea7acfda653b807c6c02850bce88d938d8b34fa91b826f3b892513bb"
     "896a5fae2d5188d0aa7b475106b56667aa03b18f7773fe096789e5202d8eba00"},
    {"b154bd62188ae283dd187fefe8c31f5e276edf083b4cff11c9d5cff856c74440",
     "54c657a26ba3db53e06b612082c2ee933605db3e2e2e17c4912e0e61d5c8275d"
     "f4bc9f7f72f5ac38cfb087e5626f493a272d1fdf4363aee796a634dbec5f1f04"},
};

TEST(Keys, SignAsRfc8032Says) {
  for (const Vector& vector : kVectors) {
    const PrivateKey key = PrivateKey::from_seed(array_from_hex<32>(vector.seed));
    EXPECT_EQ(to_hex(key.public_key()), vector.public_key);
    const Bytes message = from_hex(vector.message);
    const Signature signature = key.sign(message);
    EXPECT_EQ(to_hex(signature), vector.signature);
    EXPECT_TRUE(verify(key.public_key(), message, signature));
  }
}

TEST(Keys, AnyBitChangedInKeyMessageOrSignatureIsRefused) {
  const PrivateKey key = PrivateKey::random();
  Bytes message(20, 7);
  Signature signature = key.sign(message);
  PublicKey owner = key.public_key();
  ASSERT_TRUE(verify(owner, message, signature));
  const auto refused_with_any_bit_changed = [&](auto& bytes) {
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
      bytes[bit / 8] ^= mask;
      EXPECT_FALSE(verify(owner, message, signature)) << "bit " << bit;
      bytes[bit / 8] ^= mask;
    }
  };
  refused_with_any_bit_changed(owner);
  refused_with_any_bit_changed(message);
  refused_with_any_bit_changed(signature);
}

TEST(Keys, AKeyOfSmallOrderSignsNothing) {
  // With the neutral element as key, (B, 1) fits every message in the equation of RFC 8032.
  const auto base = array_from_hex<32>("5866666666666666666666666666666666666666666666666666666666666666");
  Signature signature{};
  std::ranges::copy(base, signature.begin());
  signature[32] = 1;
  for (const std::string_view point : kSmallOrder) {
    for (int number = 0; number < 64; ++number) {
      const auto message = static_cast<std::uint8_t>(number);  // one in eight fits a key of order 8
      EXPECT_FALSE(verify(array_from_hex<32>(point), {&message, 1}, signature)) << point;
    }
  }
}

TEST(Keys, APointOfMixedOrderIsRefusedWhateverLibsodiumMakesOfIt) {
  for (const auto& [key, signature] : kMixedOrder) {
    EXPECT_FALSE(verify(array_from_hex<32>(key), bytes_of("message"), array_from_hex<64>(signature))) << key;
  }
}

TEST(Keys, TheTwinOfASignatureIsRefused) {
  const PrivateKey key = PrivateKey::random();
  Signature signature = key.sign(bytes_of("message"));
  const Bytes order = from_hex(kGroupOrder);
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const unsigned sum = signature[32 + i] + order[i] + carry;
    signature[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  ASSERT_EQ(carry, 0U);
  EXPECT_FALSE(verify(key.public_key(), bytes_of("message"), signature));
}

TEST(Keys, RandomKeysDiffer) { EXPECT_NE(PrivateKey::random().seed(), PrivateKey::random().seed()); }

TEST(Keys, AMovedKeyIsWipedWhereItWas) {
  PrivateKey first = PrivateKey::random();
  const Seed seed = first.seed();
  PrivateKey second = std::move(first);
  EXPECT_EQ(second.seed(), seed);
  EXPECT_EQ(first.seed(), Seed{});  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  PrivateKey third = PrivateKey::random();
  third = std::move(second);
  EXPECT_EQ(third.seed(), seed);
  EXPECT_EQ(second.seed(), Seed{});  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_TRUE(verify(third.public_key(), bytes_of("m"), third.sign(bytes_of("m"))));
}

}  // namespace
}  // namespace idn::identity
