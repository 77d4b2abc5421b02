#include "idn/core/printable.h"

#include <gtest/gtest.h>

#include "idn/core/utf8.h"

namespace idn {
namespace {

TEST(Printable, AMessageHoldsNoControlCharacterAndNoBrokenOne) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f\xffü"), "a?b?[31m??ü");
  EXPECT_EQ(in_quotes("x"), "'x'");
  const std::string broken = printable(std::string(10'000, '\xc3'));
  EXPECT_EQ(utf8_prefix(broken), broken.size());
}

TEST(Printable, NoCharacterSteersTheTerminalOrTurnsTheTextRound) {
  EXPECT_EQ(printable("a\u0085\u009b31mb\u00a0"), "a??31mb\u00a0");
  EXPECT_EQ(printable("\u061c\u200d\u200e\u200f\u2010"), "?\u200d??\u2010");
  EXPECT_EQ(printable("\u2027\u2028\u2029\u202a\u202e\u202f"), "\u2027????\u202f");
  EXPECT_EQ(printable("\u2065\u2066\u2069\u206a\u20ac\u0651"), "\u2065??\u206a\u20ac\u0651");
}

TEST(Printable, AMessageIsCutShort) {
  EXPECT_LT(printable(std::string(1'000'000, 'a')).size(), 400U);
  EXPECT_TRUE(printable(std::string(1'000'000, 'a')).ends_with("..."));
}

}  // namespace
}  // namespace idn
