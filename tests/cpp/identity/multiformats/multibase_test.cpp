#include "idn/identity/multiformats/multibase.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>

namespace idn::identity::multibase {
namespace {

constexpr Base kAll[] = {Base::kBase16, Base::kBase32, Base::kBase58Btc, Base::kBase64Url};

Bytes bytes(std::string_view text) {
  const ByteView view = bytes_of(text);
  return {view.begin(), view.end()};
}

TEST(Multibase, GivesThePublishedTexts) {
  const Bytes plain = bytes("yes mani !");
  EXPECT_EQ(encode(Base::kBase16, plain), "f796573206d616e692021");
  EXPECT_EQ(encode(Base::kBase32, plain), "bpfsxgidnmfxgsibb");
  EXPECT_EQ(encode(Base::kBase58Btc, plain), "z7paNL19xttacUY");
  EXPECT_EQ(encode(Base::kBase64Url, plain), "ueWVzIG1hbmkgIQ");
  EXPECT_EQ(encode(Base::kBase58Btc, bytes(std::string_view("\0\0yes mani !", 12))), "z117paNL19xttacUY");
}

TEST(Multibase, ReadsBackEveryLengthInEveryBase) {
  std::mt19937 random(1);
  for (const Base base : kAll) {
    for (std::size_t size = 0; size < 80; ++size) {
      Bytes data(size);
      for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
      if (size > 2 && size % 3 == 0) data[0] = data[1] = 0;
      const auto found = decode(encode(base, data));
      ASSERT_TRUE(found) << to_string(found.problem());
      EXPECT_EQ(*found, data);
    }
  }
}

TEST(Multibase, RefusesWhatItWouldNotWrite) {
  EXPECT_EQ(decode("").problem().position, 0U);
  EXPECT_EQ(decode("mAA").problem().position, 0U);
  EXPECT_EQ(decode("F00").problem().position, 0U);
  EXPECT_EQ(decode("f0G").problem(), (Problem{2, "'G' is no character of base 'f'"}));
  EXPECT_EQ(decode("f0A").problem(), (Problem{2, "'A' is no character of base 'f'"}));
  EXPECT_EQ(decode(std::string_view("f0\0", 3)).problem(),
            (Problem{2, "a byte of value 0 is no character of base 'f'"}));
  EXPECT_EQ(decode("f000").problem(), (Problem{3, "the text has a character too many or is cut off"}));
  EXPECT_EQ(decode("ba").problem(), (Problem{1, "the text has a character too many or is cut off"}));
  EXPECT_EQ(decode("bab").problem(), (Problem{2, "the bits left over in the last character are not zero"}));
  EXPECT_EQ(decode("baa======").problem().position, 3U);
  EXPECT_EQ(decode("uAB").problem(), (Problem{2, "the bits left over in the last character are not zero"}));
  EXPECT_EQ(decode("z0").problem(), (Problem{1, "'0' is no character of base 'z'"}));
}

TEST(Multibase, WritesNoBase58TextThatItWouldNotRead) {
  EXPECT_EQ(decode(encode(Base::kBase58Btc, Bytes(2999, 0xFF))).value(), Bytes(2999, 0xFF));
  EXPECT_EQ(decode(encode(Base::kBase58Btc, Bytes(4096, 0))).value(), Bytes(4096, 0));
  for (const Bytes& bytes : {Bytes(3000, 0xFF), Bytes(4097, 0), Bytes(10'000'000, 0xFF)}) {
    EXPECT_THROW(encode(Base::kBase58Btc, bytes), std::invalid_argument) << bytes.size();
  }
}

TEST(Multibase, RefusesBase58TextsThatWouldTakeLong) {
  const std::string most(kMaxBase58Text, 'z');
  EXPECT_TRUE(decode_plain(Base::kBase58Btc, most));
  EXPECT_EQ(decode_plain(Base::kBase58Btc, most + "z").problem().position, kMaxBase58Text);
}

}  // namespace
}  // namespace idn::identity::multibase
