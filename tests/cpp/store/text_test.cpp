#include "idn/store/text.h"

#include <gtest/gtest.h>

namespace idn::store {
namespace {

TEST(Text, WellFormedUtf8IsAccepted) {
  for (const char* text : {"", "plain", "größer", "数字", "\xf0\x9f\x99\x82", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Text, OverlongCutStrayAndSurrogateBytesAreNot) {
  for (const char* text :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xfe"}) {
    EXPECT_FALSE(is_utf8(text)) << printable(text);
  }
}

}  // namespace
}  // namespace idn::store
