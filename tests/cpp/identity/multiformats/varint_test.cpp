#include "idn/identity/multiformats/varint.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace idn::identity::varint {
namespace {

Bytes encoded(std::uint64_t value) {
  Bytes out;
  append(out, value);
  return out;
}

TEST(Varint, WritesSevenBitsAByteLeastFirst) {
  const std::vector<std::pair<std::uint64_t, Bytes>> known{
      {0, {0x00}},
      {1, {0x01}},
      {127, {0x7f}},
      {128, {0x80, 0x01}},
      {255, {0xff, 0x01}},
      {300, {0xac, 0x02}},
      {16384, {0x80, 0x80, 0x01}},
  };
  for (const auto& [value, bytes] : known) {
    EXPECT_EQ(encoded(value), bytes);
    const auto found = read(bytes);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->value, value);
    EXPECT_EQ(found->size, bytes.size());
  }
}

TEST(Varint, ReadsBackEveryLength) {
  for (unsigned bits = 0; bits < 63; ++bits) {
    for (const std::uint64_t value : {std::uint64_t{1} << bits, (std::uint64_t{1} << bits) - 1}) {
      Bytes bytes = encoded(value);
      const std::size_t size = bytes.size();
      bytes.push_back(0xff);  // what follows is not looked at
      const auto found = read(bytes);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->value, value);
      EXPECT_EQ(found->size, size);
    }
  }
  EXPECT_EQ(encoded(kMaxValue).size(), kMaxBytes);
  EXPECT_EQ(read(encoded(kMaxValue))->value, kMaxValue);
}

TEST(Varint, RefusesWhatIsCutOffTooLongOrNotShortest) {
  EXPECT_EQ(read(Bytes{}).problem(), (Problem{0, "the number is cut off"}));
  EXPECT_EQ(read(Bytes{0x80}).problem(), (Problem{1, "the number is cut off"}));
  EXPECT_EQ(read(Bytes{0x81, 0x00}).problem(), (Problem{1, "the number is not in its shortest form"}));
  EXPECT_EQ(read(Bytes{0x80, 0x00}).problem(), (Problem{1, "the number is not in its shortest form"}));
  EXPECT_EQ(read(Bytes(10, 0xff)).problem(), (Problem{8, "the number takes more than 9 bytes"}));
}

TEST(Varint, RefusesToWriteAbove63Bits) {
  Bytes out;
  EXPECT_THROW(append(out, kMaxValue + 1), std::invalid_argument);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace idn::identity::varint
