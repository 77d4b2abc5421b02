#include "idn/identity/cbor_reader.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace idn::identity::cbor {
namespace {

constexpr std::uint64_t kAny = UINT64_MAX;

Problem problem_of(const std::string& hex, void (*read)(Reader&)) {
  const Bytes bytes = from_hex(hex);
  Reader reader(bytes);
  read(reader);
  return reader.finish().value_or(Problem{0, "accepted"});
}

TEST(CborReader, ReadsFieldsInPlace) {
  const Bytes bytes = from_hex("8618646161420708f544010203048105");
  Reader reader(bytes);
  reader.array("all", 6);
  EXPECT_EQ(reader.unsigned_integer("number", 100, 100), 100U);
  EXPECT_EQ(reader.text("text", 1), "a");
  const ByteView found = reader.bytes("bytes", 2);
  EXPECT_EQ(found.data(), bytes.data() + 6);
  EXPECT_EQ(to_hex(found), "0708");
  EXPECT_TRUE(reader.boolean("boolean"));
  EXPECT_EQ(to_hex(reader.exact_bytes<4>("key")), "01020304");
  EXPECT_EQ(reader.array_up_to("list", 1), 1U);
  EXPECT_EQ(reader.unsigned_integer("five", 0, kAny), 5U);
  EXPECT_EQ(reader.finish(), std::nullopt);
}

TEST(CborReader, NamesTheFieldThePlaceAndWhatWasExpected) {
  EXPECT_EQ(problem_of("8100", [](Reader& reader) { reader.array("record", 2); }),
            (Problem{0, "record: expected an array of 2, found 1"}));
  EXPECT_EQ(problem_of("820000", [](Reader& reader) { reader.array_up_to("list", 1); }),
            (Problem{0, "list: expected an array of at most 1, found 2"}));
  EXPECT_EQ(problem_of("8120",
                       [](Reader& reader) {
                         reader.array("record", 1);
                         reader.unsigned_integer("age", 0, kAny);
                       }),
            (Problem{1, "age: expected an unsigned integer, found a negative integer"}));
  EXPECT_EQ(problem_of("07", [](Reader& reader) { reader.unsigned_integer("age", 1, 6); }),
            (Problem{0, "age: expected a number from 1 to 6, found 7"}));
  EXPECT_EQ(problem_of("00", [](Reader& reader) { reader.unsigned_integer("age", 1, 6); }),
            (Problem{0, "age: expected a number from 1 to 6, found 0"}));
  EXPECT_EQ(problem_of("626162", [](Reader& reader) { reader.text("name", 1); }),
            (Problem{0, "name: expected at most 1 bytes, found 2"}));
  EXPECT_EQ(problem_of("426162", [](Reader& reader) { reader.bytes("name", 1); }),
            (Problem{0, "name: expected at most 1 bytes, found 2"}));
  EXPECT_EQ(problem_of("426162", [](Reader& reader) { reader.exact_bytes<3>("key"); }),
            (Problem{0, "key: expected 3 bytes, found 2"}));
  EXPECT_EQ(problem_of("f6", [](Reader& reader) { reader.boolean("flag"); }),
            (Problem{0, "flag: expected a boolean, found null"}));
}

TEST(CborReader, RefusesWhatDecodeRefuses) {
  EXPECT_EQ(problem_of("1800", [](Reader& reader) { reader.unsigned_integer("age", 0, kAny); }),
            (Problem{0, "age: not the shortest form of 0"}));
  EXPECT_EQ(problem_of("6261ff", [](Reader& reader) { reader.text("name", 9); }),
            (Problem{2, "name: a text that is not UTF-8"}));
  EXPECT_EQ(problem_of("0000", [](Reader& reader) { reader.unsigned_integer("age", 0, kAny); }),
            (Problem{1, "the value ends here; bytes that follow: 1"}));
  EXPECT_EQ(problem_of("", [](Reader& reader) { reader.boolean("flag"); }),
            (Problem{0, "flag: cut off: a value should begin here"}));
}

TEST(CborReader, TheFirstProblemStaysAndEveryLaterReadGivesNothing) {
  const Bytes bytes = from_hex("8318ff4161f5");
  Reader reader(bytes);
  reader.array("record", 3);
  EXPECT_EQ(reader.text("name", 9), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.unsigned_integer("age", 1, kAny), 0U);
  EXPECT_TRUE(reader.bytes("bytes", 9).empty());
  EXPECT_EQ(reader.exact_bytes<2>("key"), (std::array<std::uint8_t, 2>{}));
  EXPECT_EQ(reader.array_up_to("list", 100), 0U);
  EXPECT_FALSE(reader.boolean("flag"));
  reader.refuse("later", bytes, {1, "another reason"});
  EXPECT_EQ(reader.finish(), (Problem{1, "name: expected a text, found an unsigned integer"}));
}

TEST(CborReader, ACallersProblemWithAPartStandsAtItsPlaceInTheWhole) {
  const Bytes bytes = from_hex("8100");
  Reader reader(bytes);
  reader.array("record", 1);
  reader.refuse("inside", ByteView(bytes).subspan(1), {1, "too short"});
  EXPECT_EQ(reader.finish(), (Problem{2, "inside: too short"}));
}

}  // namespace
}  // namespace idn::identity::cbor
