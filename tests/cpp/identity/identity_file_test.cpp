#include "idn/identity/identity_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>

#include "../store/temporary_folder.h"
#include "idn/core/error.h"
#include "idn/identity/node_id.h"

namespace idn::identity {
namespace {

using store::TemporaryFolder;

Identity an_identity(HashFunction function = HashFunction::kSha2Bits256, std::uint8_t seed = 7) {
  PrivateKey key = PrivateKey::from_seed({seed});
  Multihash id = node_id(key.public_key(), function);
  return {std::move(id), std::move(key)};
}

Bytes locked() { return lock_identity(an_identity(), "secret", kLeast); }
Bytes plain() { return plain_identity(an_identity()); }

// A file whose damage the checksum does not show: it was computed anew, as whoever forges one does.
Bytes forged(ByteView bytes) {
  Bytes out(bytes.begin(), bytes.end() - 32);
  const Multihash sum = Multihash::digest(out);
  out.insert(out.end(), sum.digest_bytes().begin(), sum.digest_bytes().end());
  return out;
}

std::string reason(ByteView bytes) {
  const auto file = IdentityFile::parse(bytes);
  return file ? "" : to_string(file.problem());
}

TEST(IdentityFile, GivesTheIdentityBackForItsPassword) {
  for (const HashFunction function :
       {HashFunction::kSha2Bits256, HashFunction::kSha3Bits256, HashFunction::kKeccak256}) {
    const Identity identity = an_identity(function);
    const Bytes bytes = lock_identity(identity, "secret", kLeast);
    EXPECT_EQ(bytes.size(), kLockedBytes);
    const auto file = IdentityFile::parse(bytes);
    ASSERT_TRUE(file) << to_string(file.problem());
    EXPECT_EQ(file->node_id(), identity.node_id);
    EXPECT_EQ(file->public_key(), identity.key.public_key());
    EXPECT_EQ(file->limits(), kLeast);
    const Identity opened = file->unlock("secret");
    EXPECT_EQ(opened.node_id, identity.node_id);
    EXPECT_EQ(opened.key.seed(), identity.key.seed());
  }
}

TEST(IdentityFile, HoldsThePrivateKeyOnlyWhereItIsPlain) {
  const auto seed = an_identity().key.seed();
  const auto holds = [&](const Bytes& bytes) { return !std::ranges::search(bytes, seed).empty(); };
  EXPECT_FALSE(holds(locked()));
  EXPECT_TRUE(holds(plain()));
  const auto file = IdentityFile::parse(plain());
  EXPECT_FALSE(file->limits());
  EXPECT_EQ(file->unlock(std::nullopt).key.seed(), seed);
}

TEST(IdentityFile, IsNeverTheSameTwice) {
  // Salt and nonce are fresh, so equal passwords cannot be seen and no key stream is used twice.
  const Bytes first = locked();
  const Bytes second = locked();
  EXPECT_FALSE(std::equal(first.begin() + 83, first.begin() + 99, second.begin() + 83));
  EXPECT_FALSE(std::equal(first.begin() + 99, first.begin() + 123, second.begin() + 99));
}

TEST(IdentityFile, AnotherPasswordAMissingOneAndANeedlessOneAreRefused) {
  const auto file = IdentityFile::parse(locked());
  for (const char* wrong : {"", "Secret", "secret ", "secre"}) {
    EXPECT_THROW((void)file->unlock(wrong), WrongPassword) << wrong;
  }
  EXPECT_THROW((void)file->unlock(std::nullopt), WrongPassword);
  EXPECT_THROW((void)IdentityFile::parse(plain())->unlock("secret"), WrongPassword);
}

TEST(IdentityFile, APasswordMayHoldAnyBytes) {
  const std::string password("\0\xff zero and no UTF-8", 21);
  const Bytes bytes = lock_identity(an_identity(), password, kLeast);
  EXPECT_EQ(IdentityFile::parse(bytes)->unlock(password).node_id, an_identity().node_id);
  EXPECT_THROW((void)IdentityFile::parse(bytes)->unlock(""), WrongPassword);
}

TEST(IdentityFile, AnyBitChangedAnywhereIsFoundWithItsField) {
  struct Field {
    std::size_t end;
    const char* word;
  };
  constexpr Field kPublic[] = {
      {7, "idn-key"}, {8, "version"}, {9, "bytes"}, {43, "node ID"}, {75, "public key"}};
  for (const Bytes& whole : {locked(), plain()}) {
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes bytes = whole;
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      const std::string why = reason(bytes);
      ASSERT_NE(why, "") << "bit " << bit;
      const auto* field = std::ranges::find_if(kPublic, [&](const Field& one) { return bit / 8 < one.end; });
      if (field == std::end(kPublic)) {
        const bool named = why.find("checksum") != std::string::npos ||
                           why.find("Argon2") != std::string::npos ||
                           why.find("private key") != std::string::npos;
        EXPECT_TRUE(named) << "bit " << bit << ": " << why;
      } else if (bit / 8 != 8) {  // the protection: its lowest bit makes it a file of another length
        EXPECT_TRUE(why.find(field->word) != std::string::npos || why.find("node ID") != std::string::npos)
            << "bit " << bit << ": " << why;
      }
    }
  }
}

TEST(IdentityFile, AnyByteForgedWithItsChecksumOpensNothing) {
  const Bytes whole = locked();
  for (std::size_t at = 0; at < whole.size() - 32; ++at) {
    Bytes bytes = whole;
    bytes[at] ^= 1;
    const auto file = IdentityFile::parse(forged(bytes));
    if (!file) continue;
    EXPECT_THROW((void)file->unlock("secret"), WrongPassword) << "byte " << at;
  }
}

TEST(IdentityFile, AnotherNodesPublicPartOverTheSealedKeyIsFound) {
  Bytes bytes = locked();
  const Bytes other = lock_identity(an_identity(HashFunction::kSha2Bits256, 8), "other", kLeast);
  std::copy(other.begin() + 9, other.begin() + 75, bytes.begin() + 9);
  const auto file = IdentityFile::parse(forged(bytes));
  ASSERT_TRUE(file) << to_string(file.problem());
  EXPECT_THROW((void)file->unlock("secret"), DamagedIdentity);
}

TEST(IdentityFile, TheSameKeysNodeIdByAnotherFunctionIsFound) {
  Bytes bytes = locked();
  const Bytes other = an_identity(HashFunction::kSha3Bits256).node_id.bytes();
  std::ranges::copy(other, bytes.begin() + 9);
  const auto file = IdentityFile::parse(forged(bytes));
  ASSERT_TRUE(file) << to_string(file.problem());
  EXPECT_THROW((void)file->unlock("secret"), DamagedIdentity);
}

TEST(IdentityFile, ANodeIdByAFunctionThatNamesNoNodesIsRefused) {
  Bytes bytes = plain();
  const Bytes id = Multihash::digest(an_identity().key.public_key(), HashFunction::kIdentity).bytes();
  std::ranges::copy(id, bytes.begin() + 9);
  EXPECT_NE(reason(forged(bytes)).find("identity"), std::string::npos);
}

TEST(IdentityFile, ArgonsLimitsAreBoundedBeforeAnythingIsTaken) {
  const auto with = [](std::size_t at, std::uint32_t number) {
    Bytes bytes = locked();
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(number >> 8 * i);
    return reason(forged(bytes));
  };
  EXPECT_EQ(with(75, 0), "at byte 75: Argon2's number of passes is 0, expected 1 to 4");
  EXPECT_EQ(with(75, 5), "at byte 75: Argon2's number of passes is 5, expected 1 to 4");
  EXPECT_EQ(with(75, 0xffffffff), "at byte 75: Argon2's number of passes is 4294967295, expected 1 to 4");
  EXPECT_EQ(with(79, 7), "at byte 79: Argon2's memory in KiB is 7, expected 8 to 1048576");
  EXPECT_EQ(with(79, 1048577), "at byte 79: Argon2's memory in KiB is 1048577, expected 8 to 1048576");
  EXPECT_EQ(with(75, 4), "");
  EXPECT_EQ(with(79, 1048576), "");
}

TEST(IdentityFile, CutOffAtAnyLengthOrWithMoreBehindItIsRefused) {
  for (const Bytes& whole : {locked(), plain()}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_NE(reason(ByteView(whole).first(size)), "") << size;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_NE(reason(longer).find("expected " + std::to_string(whole.size())), std::string::npos);
  }
}

TEST(IdentityFile, RandomBytesAreRefusedWhateverTheyAre) {
  std::mt19937 random(1);
  for (int i = 0; i < 2'000; ++i) {
    Bytes bytes(random() % 300);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const Bytes start = i % 2 == 0 ? plain() : locked();
    std::copy_n(start.begin(), std::min<std::size_t>(bytes.size(), random() % 100), bytes.begin());
    EXPECT_FALSE(IdentityFile::parse(bytes).ok());
  }
}

TEST(IdentityFile, WhatCannotBeLockedIsTheCallersMistake) {
  EXPECT_THROW(lock_identity(an_identity(), "", kLeast), std::invalid_argument);
  EXPECT_THROW(lock_identity(an_identity(), "secret", {0, 8}), std::invalid_argument);
  EXPECT_THROW(lock_identity(an_identity(), "secret", {1, 7}), std::invalid_argument);
  EXPECT_THROW(lock_identity(an_identity(), "secret", {1, 1024 * 1024 + 1}), std::invalid_argument);
  Identity torn = an_identity();
  torn.node_id = an_identity(HashFunction::kSha2Bits256, 8).node_id;
  EXPECT_THROW(lock_identity(torn, "secret", kLeast), std::invalid_argument);
  EXPECT_THROW(plain_identity(torn), std::invalid_argument);
}

TEST(IdentityFile, OnDiskIsReadBackAndNamedInMessages) {
  const TemporaryFolder folder;
  save_identity(folder / "me", an_identity(), {.password = "secret", .limits = kLeast});
  const IdentityFile file = IdentityFile::read(folder / "me");
  EXPECT_EQ(file.unlock("secret").node_id, an_identity().node_id);
  try {
    (void)file.unlock("wrong");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const WrongPassword& error) {
    EXPECT_EQ(std::string(error.what()),
              "the password of identity file '" + (folder / "me").string() + "' is wrong.");
  }
}

TEST(IdentityFile, OnDiskIsPlainOnlyIfThatIsAskedFor) {
  const TemporaryFolder folder;
  EXPECT_THROW(save_identity(folder / "me", an_identity(), {}), std::invalid_argument);
  EXPECT_EQ(folder.files(), 0U);
  save_identity(folder / "me", an_identity(), {.allow_plaintext = true});
  EXPECT_EQ(IdentityFile::read(folder / "me").unlock(std::nullopt).node_id, an_identity().node_id);
  EXPECT_THROW(save_identity(folder / "me", an_identity(), {.allow_plaintext = true}), IdentityError);
  save_identity(folder / "me", an_identity(), {.password = "secret", .limits = kLeast, .overwrite = true});
  EXPECT_TRUE(IdentityFile::read(folder / "me").limits());
}

TEST(IdentityFile, OnDiskDamagedMissingAndOpenToOthersAreToldApart) {
  const TemporaryFolder folder;
  EXPECT_THROW(IdentityFile::read(folder / "me"), MissingIdentity);
  save_identity(folder / "me", an_identity(), {.password = "secret", .limits = kLeast});
  ASSERT_EQ(chmod((folder / "me").c_str(), 0644), 0);
  EXPECT_THROW(IdentityFile::read(folder / "me"), WrongPermissions);
  ASSERT_EQ(chmod((folder / "me").c_str(), 0600), 0);
  std::fstream stream(folder / "me", std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(200);
  stream.put('x').put('y').flush();
  try {
    IdentityFile::read(folder / "me");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const DamagedIdentity& error) {
    EXPECT_NE(std::string(error.what()).find("is damaged at byte 205: the checksum"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace idn::identity
