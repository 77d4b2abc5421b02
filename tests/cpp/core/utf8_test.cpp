#include "idn/core/utf8.h"

#include <gtest/gtest.h>

namespace idn {
namespace {

TEST(Utf8, TheLengthOfEachCharacterIsItsOwn) {
  const std::string_view text = "a\xc3\xbc\xe6\xb0\xb4\xf0\x90\x85\x91";
  EXPECT_EQ(utf8_character(text, 0), 1U);
  EXPECT_EQ(utf8_character(text, 1), 2U);
  EXPECT_EQ(utf8_character(text, 2), 0U) << "in the middle of a character";
  EXPECT_EQ(utf8_character(text, 3), 3U);
  EXPECT_EQ(utf8_character(text, 6), 4U);
  EXPECT_EQ(utf8_prefix(text), text.size());
}

TEST(Utf8, ThePrefixEndsBeforeTheFirstByteThatIsNotWellFormed) {
  EXPECT_EQ(utf8_prefix(""), 0U);
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(utf8_prefix(bad), 0U);
    EXPECT_EQ(utf8_prefix(std::string("\xc3\xbc").append(bad)), 2U);
  }
}

}  // namespace
}  // namespace idn
