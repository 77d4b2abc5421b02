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

TEST(Printable, AMessageIsCutShort) {
  EXPECT_LT(printable(std::string(1'000'000, 'a')).size(), 400U);
  EXPECT_TRUE(printable(std::string(1'000'000, 'a')).ends_with("..."));
}

}  // namespace
}  // namespace idn
