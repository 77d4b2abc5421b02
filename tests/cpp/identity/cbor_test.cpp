#include "idn/identity/cbor.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <stdexcept>
#include <utility>

#include "hex.h"

namespace idn::identity::cbor {
namespace {

constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();

// An initializer list of one array would be that array itself.
template <class... Values>
Value list(Values... values) {
  Array array;
  (array.emplace_back(std::move(values)), ...);
  return array;
}

Value nested(std::size_t depth) {
  Value value;
  for (std::size_t i = 0; i < depth; ++i) value = list(std::move(value));
  return value;
}

Array numbers(int last) {
  Array array;
  for (int i = 1; i <= last; ++i) array.emplace_back(i);
  return array;
}

struct Example {
  std::string hex;
  Value value;
};

// RFC 8949, appendix A: those of its examples that are spoken here.
std::vector<Example> examples_of_the_standard() {
  return {{"00", 0},
          {"01", 1},
          {"0a", 10},
          {"17", 23},
          {"1818", 24},
          {"1819", 25},
          {"1864", 100},
          {"1903e8", 1000},
          {"1a000f4240", 1000000},
          {"1b000000e8d4a51000", 1000000000000},
          {"1bffffffffffffffff", std::numeric_limits<std::uint64_t>::max()},
          {"20", -1},
          {"29", -10},
          {"3863", -100},
          {"3903e7", -1000},
          {"f4", false},
          {"f5", true},
          {"f6", nullptr},
          {"40", Bytes{}},
          {"4401020304", Bytes{1, 2, 3, 4}},
          {"60", ""},
          {"6161", "a"},
          {"6449455446", "IETF"},
          {"62225c", "\"\\"},
          {"62c3bc", "\u00fc"},
          {"63e6b0b4", "\u6c34"},
          {"64f0908591", "\U00010151"},
          {"80", Array{}},
          {"83010203", list(1, 2, 3)},
          {"8301820203820405", list(1, list(2, 3), list(4, 5))},
          {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", numbers(25)}};
}

TEST(Cbor, EncodesAndDecodesTheExamplesOfTheStandard) {
  for (const auto& [hex, value] : examples_of_the_standard()) {
    EXPECT_EQ(to_hex(encode(value)), hex);
    const auto decoded = decode(from_hex(hex));
    ASSERT_TRUE(decoded.ok()) << hex << " " << to_string(decoded.problem());
    EXPECT_EQ(*decoded, value) << hex;
  }
}

TEST(Cbor, EveryStepInTheLengthOfANumberIsTakenWhereItShould) {
  const std::vector<Example> steps{{"18ff", 255},
                                   {"190100", 256},
                                   {"19ffff", 65535},
                                   {"1a00010000", 65536},
                                   {"1affffffff", 4294967295},
                                   {"1b0000000100000000", 4294967296},
                                   {"37", -24},
                                   {"3818", -25},
                                   {"38ff", -256},
                                   {"390100", -257},
                                   {"3affffffff", -4294967296},
                                   {"3b0000000100000000", -4294967297},
                                   {"1b7fffffffffffffff", std::numeric_limits<std::int64_t>::max()},
                                   {"1b8000000000000000", std::uint64_t{1} << 63U},
                                   {"3b7fffffffffffffff", kLowest}};
  for (const auto& [hex, value] : steps) {
    EXPECT_EQ(to_hex(encode(value)), hex);
    const auto decoded = decode(from_hex(hex));
    ASSERT_TRUE(decoded.ok()) << hex << " " << to_string(decoded.problem());
    EXPECT_EQ(*decoded, value) << hex;
  }
  EXPECT_EQ(*decode(from_hex("3b7fffffffffffffff"))->negative_integer(), kLowest);
}

TEST(Cbor, AValueSaysWhatItIs) {
  EXPECT_EQ(Value().kind(), Kind::kNull);
  EXPECT_EQ(Value(true).kind(), Kind::kBoolean);
  EXPECT_EQ(Value(0).kind(), Kind::kUnsigned);
  EXPECT_EQ(Value(-1).kind(), Kind::kNegative);
  EXPECT_EQ(Value(Bytes{}).kind(), Kind::kBytes);
  EXPECT_EQ(Value("text").kind(), Kind::kText);
  EXPECT_EQ(Value(Array{}).kind(), Kind::kArray);
  EXPECT_EQ(*Value("text").text(), "text");
  EXPECT_EQ(Value("text").bytes(), nullptr);
  EXPECT_NE(Value("a"), Value(Bytes{'a'}));
}

struct Refused {
  std::string hex;
  std::size_t position;
  std::string reason;
};

void expect_refused(const std::vector<Refused>& all, const Limits& limits = {}) {
  for (const auto& [hex, position, reason] : all) {
    const auto decoded = decode(from_hex(hex), limits);
    ASSERT_FALSE(decoded.ok()) << hex;
    EXPECT_EQ(decoded.problem(), (Problem{position, reason})) << hex << " " << to_string(decoded.problem());
  }
}

TEST(Cbor, RefusesWhatIsCutOff) {
  expect_refused(
      {{"", 0, "cut off: a value should begin here"},
       {"18", 0, "cut off: a head of 2 bytes, of which 1 are there"},
       {"1b00000000000000", 0, "cut off: a head of 9 bytes, of which 8 are there"},
       {"420a", 0, "cut off: a byte string of 2 bytes, of which 1 are there"},
       {"5bffffffffffffffff00", 0,
        "cut off: a byte string of 18446744073709551615 bytes, of which 1 are there"},
       {"7bffffffffffffffff", 0, "cut off: a text of 18446744073709551615 bytes, of which 0 are there"},
       {"820a", 0, "cut off: an array of 2 values in 1 byte"},
       {"82420102", 4, "cut off: a value should begin here"},
       {"8281f6", 1, "cut off: more values than the 3 bytes can hold"},
       {"9bffffffffffffffff00", 0, "cut off: an array of 18446744073709551615 values in 1 byte"}});
}

TEST(Cbor, RefusesMoreBytesAfterTheValue) {
  expect_refused({{"0000", 1, "the value ends here; bytes that follow: 1"},
                  {"8101f6f6", 2, "the value ends here; bytes that follow: 2"}});
}

TEST(Cbor, RefusesEveryNumberThatIsNotInItsShortestForm) {
  expect_refused({{"1800", 0, "not the shortest form of 0"},
                  {"1817", 0, "not the shortest form of 23"},
                  {"1900ff", 0, "not the shortest form of 255"},
                  {"1a0000ffff", 0, "not the shortest form of 65535"},
                  {"1b00000000ffffffff", 0, "not the shortest form of 4294967295"},
                  {"3817", 0, "not the shortest form of 23"},
                  {"39001d", 0, "not the shortest form of 29"},
                  {"580161", 0, "not the shortest form of 1"},
                  {"81780161", 1, "not the shortest form of 1"},
                  {"980100", 0, "not the shortest form of 1"}});
}

TEST(Cbor, RefusesTheFormsThatTheStandardReserves) {
  for (const std::string major : {"1", "3", "5", "7", "9", "f"}) {
    for (const auto& [digit, form] : {std::pair{"c", "28"}, {"d", "29"}, {"e", "30"}}) {
      expect_refused({{major + digit, 0, std::string("a head of the reserved form ") + form}});
    }
  }
  expect_refused({{"1f", 0, "a head of the reserved form 31"}, {"3f", 0, "a head of the reserved form 31"}});
}

TEST(Cbor, RefusesIndefiniteLengths) {
  expect_refused({{"5f42010243030405ff", 0, "an indefinite length, which is not allowed"},
                  {"7f657374726561646d696e67ff", 0, "an indefinite length, which is not allowed"},
                  {"9fff", 0, "an indefinite length, which is not allowed"},
                  {"82009f01ff", 2, "an indefinite length, which is not allowed"},
                  {"ff", 0, "a break outside of anything of indefinite length"},
                  {"81ff", 1, "a break outside of anything of indefinite length"}});
}

TEST(Cbor, RefusesMapsTagsFloatsAndOtherSimpleValues) {
  const std::string simple = "a simple value that is not false, true or null";
  expect_refused({{"a0", 0, "a map, which is not allowed"},
                  {"a201020304", 0, "a map, which is not allowed"},
                  {"bf6161019fff", 0, "a map, which is not allowed"},
                  {"c11a514b67b0", 0, "a tag, which is not allowed"},
                  {"c249010000000000000000", 0, "a tag, which is not allowed"},
                  {"82f6d818456449455446", 2, "a tag, which is not allowed"},
                  {"f90000", 0, "a float, which is not allowed"},
                  {"fa47c35000", 0, "a float, which is not allowed"},
                  {"fb3ff199999999999a", 0, "a float, which is not allowed"},
                  {"f7", 0, simple},
                  {"f0", 0, simple},
                  {"f3", 0, simple},
                  {"e0", 0, simple},
                  {"f814", 0, simple},
                  {"f8ff", 0, simple}});
}

TEST(Cbor, RefusesIntegersThatNoSixtyFourBitsHold) {
  expect_refused({{"3b8000000000000000", 0, "an integer below -2^63"},
                  {"3bffffffffffffffff", 0, "an integer below -2^63"}});
}

TEST(Cbor, RefusesTextThatIsNotUtf8AtItsFirstBadByte) {
  const std::string reason = "a text that is not UTF-8";
  expect_refused({{"6180", 1, reason},
                  {"62c080", 1, reason},          // overlong
                  {"63e0809f", 1, reason},        // overlong
                  {"63eda080", 1, reason},        // a surrogate
                  {"66eda081edb080", 1, reason},  // a pair of them
                  {"64f4908080", 1, reason},      // above U+10FFFF
                  {"6361c3", 0, "cut off: a text of 3 bytes, of which 2 are there"},
                  {"6261c3", 2, reason},
                  {"820063f09f99", 3, reason},
                  {"6461ff6262", 2, reason}});
}

TEST(Cbor, RefusesWhatIsNestedTooDeepBeforeItGoesThere) {
  EXPECT_EQ(*decode(encode(nested(16))), nested(16));
  Bytes deep(17, 0x81);
  deep.push_back(0xF6);
  EXPECT_EQ(decode(deep).problem(), (Problem{16, "nested deeper than 16 arrays"}));
  EXPECT_EQ(decode(Bytes(1 << 20, 0x81)).problem(), (Problem{16, "nested deeper than 16 arrays"}));
  EXPECT_EQ(decode(from_hex("80"), {.max_depth = 0}).problem(), (Problem{0, "nested deeper than 0 arrays"}));
  EXPECT_TRUE(decode(from_hex("f6"), {.max_depth = 0}).ok());
  EXPECT_TRUE(decode(encode(nested(kMaxDepth), {.max_depth = kMaxDepth}), {.max_depth = kMaxDepth}).ok());
  EXPECT_THROW(encode(nested(17)), std::invalid_argument);
}

TEST(Cbor, RefusesWhatIsTooLong) {
  const Bytes bytes = encode(Bytes(100, 7));
  EXPECT_TRUE(decode(bytes, {.max_bytes = 102}).ok());
  EXPECT_EQ(decode(bytes, {.max_bytes = 101}).problem(), (Problem{101, "longer than 101 bytes"}));
  EXPECT_THROW(encode(Bytes(100, 7), {.max_bytes = 101}), std::invalid_argument);
  EXPECT_EQ(decode(Bytes((1 << 20) + 1)).problem(), (Problem{1 << 20, "longer than 1048576 bytes"}));
}

TEST(Cbor, RefusesTooManyValuesAtTheHeadThatClaimsThem) {
  const Limits three{.max_items = 3};
  EXPECT_TRUE(decode(from_hex("820102"), three).ok());
  EXPECT_EQ(decode(from_hex("8201810203"), three).problem(), (Problem{2, "more than 3 values"}));
  EXPECT_EQ(decode(from_hex("83010203"), three).problem(), (Problem{0, "more than 3 values"}));
  EXPECT_EQ(decode(from_hex("00"), {.max_items = 0}).problem(), (Problem{0, "more than 0 values"}));
  EXPECT_THROW(encode(list(1, list(2)), three), std::invalid_argument);
  EXPECT_EQ(encode(list(1, 2), three), from_hex("820102"));
}

// Each array claims as many values as there are bytes after it, so that the claims add up to many times them.
TEST(Cbor, ArraysThatTogetherClaimMoreThanThereAreBytesAreRefusedBeforeMemoryIsTaken) {
  Bytes bytes;
  for (int i = 0; i < 15; ++i) append_array(bytes, 50000);
  bytes.resize(60000);
  EXPECT_EQ(decode(bytes).problem(), (Problem{3, "cut off: more values than the 60000 bytes can hold"}));
}

TEST(Cbor, ALimitOnDepthThatRecursionCannotKeepIsTheCallersMistake) {
  EXPECT_THROW((void)decode(from_hex("00"), {.max_depth = kMaxDepth + 1}), std::invalid_argument);
  EXPECT_THROW(encode(0, {.max_depth = kMaxDepth + 1}), std::invalid_argument);
}

TEST(Cbor, ATextThatIsNotUtf8IsNotEncoded) {
  EXPECT_THROW(encode("\xff"), std::invalid_argument);
  EXPECT_THROW(encode(list(1, "\xed\xa0\x80")), std::invalid_argument);
}

Value random_value(std::mt19937_64& random, std::size_t depth) {
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  const std::uint64_t bits = random() >> below(64);
  switch (below(depth == 0 ? 6 : 8)) {
    case 0:
      return nullptr;
    case 1:
      return below(2) == 1;
    case 2:
      return bits;
    case 3:
      return -1 - static_cast<std::int64_t>(bits >> 1U);
    case 4:
      return Bytes(below(300), static_cast<std::uint8_t>(bits));
    case 5:
      return std::string(below(300), static_cast<char>(bits & 0x7FU)) + "\u6c34";
    default: {
      Array array;
      for (std::uint64_t i = below(5); i > 0; --i) array.push_back(random_value(random, depth - 1));
      return array;
    }
  }
}

TEST(Cbor, RandomValuesComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 5000; ++i) {
    const Value value = random_value(random, 5);
    const Bytes bytes = encode(value);
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded.ok()) << to_hex(bytes) << " " << to_string(decoded.problem());
    EXPECT_EQ(*decoded, value);
    EXPECT_EQ(encode(*decoded), bytes);
  }
}

// Whatever is changed in an encoding, what is still accepted is the one encoding of what was read.
TEST(Cbor, DamagedEncodingsAreRefusedOrAreThoseOfAnotherValue) {
  std::mt19937_64 random(2);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = encode(random_value(random, 3));
    for (std::uint64_t change = random() % 3; change < 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    const auto decoded = decode(bytes);
    if (!decoded) {
      EXPECT_LE(decoded.problem().position, bytes.size());
      continue;
    }
    ++accepted;
    EXPECT_EQ(encode(*decoded), bytes);
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Cbor, EveryShortInputIsRefusedOrEncodesToItself) {
  std::size_t accepted = 0;
  for (std::uint32_t number = 0; number < (1U << 24U); number += 1 + number / 65536) {
    for (std::size_t size = 1; size <= 3; ++size) {
      const Bytes bytes{static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8U),
                        static_cast<std::uint8_t>(number >> 16U)};
      const ByteView view = ByteView(bytes).first(size);
      const auto decoded = decode(view);
      if (!decoded) continue;
      ++accepted;
      const Bytes again = encode(*decoded);
      ASSERT_TRUE(std::equal(again.begin(), again.end(), view.begin(), view.end())) << to_hex(view);
    }
  }
  EXPECT_GT(accepted, 1000U);
}

}  // namespace
}  // namespace idn::identity::cbor
