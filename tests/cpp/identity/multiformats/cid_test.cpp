#include "idn/identity/multiformats/cid.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "idn/identity/multiformats/multibase.h"

namespace idn::identity {
namespace {

// "hello world" as a raw block, and the empty folder that every kubo node knows.
constexpr std::string_view kRawText = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
constexpr std::string_view kEmptyFolder = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn";

TEST(Cid, NamesDataInVersion1) {
  const Cid cid = Cid::of(bytes_of("hello world"));
  EXPECT_EQ(cid.text(), kRawText);
  EXPECT_EQ(cid.version(), 1);
  EXPECT_EQ(cid.codec(), Codec::kRaw);
  EXPECT_TRUE(cid.hash().matches(bytes_of("hello world")));
  EXPECT_EQ(Cid::from_text(kRawText).value(), cid);
  EXPECT_EQ(Cid::from_bytes(cid.bytes()).value(), cid);
}

TEST(Cid, ReadsVersion0) {
  const Cid cid = Cid::from_text(kEmptyFolder).or_throw("CID");
  EXPECT_EQ(cid.version(), 0);
  EXPECT_EQ(cid.codec(), Codec::kDagPb);
  EXPECT_EQ(cid.bytes().size(), 34U);
  EXPECT_EQ(cid.text(), kEmptyFolder);
  EXPECT_EQ(Cid::from_bytes(cid.bytes()).value(), cid);
  EXPECT_EQ(Cid::v1(Codec::kDagPb, cid.hash()).text(),
            "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
  EXPECT_NE(Cid::v1(Codec::kDagPb, cid.hash()), cid);
}

TEST(Cid, TakesOneTextAlone) {
  const Cid cid = Cid::of(bytes_of("x"));
  for (const auto base :
       {multibase::Base::kBase16, multibase::Base::kBase58Btc, multibase::Base::kBase64Url}) {
    const std::string text = multibase::encode(base, cid.bytes());
    EXPECT_EQ(Cid::from_text(text).problem(),
              (Problem{0, "a CID is written in base32, beginning with 'b', or begins with 'Qm' (version 0)"}))
        << text;
    EXPECT_EQ(Cid::from_bytes(multibase::decode(text).value()).value(), cid) << "who wants to, reads it so";
  }
}

TEST(Cid, RefusesWithThePositionOfTheMistake) {
  const Bytes good = Cid::of(bytes_of("x")).bytes();
  EXPECT_EQ(Cid::from_bytes(Bytes{}).problem().position, 0U);
  Bytes bytes = good;
  bytes[0] = 2;
  EXPECT_EQ(Cid::from_bytes(bytes).problem().position, 0U);
  bytes = good;
  bytes[1] = 0x54;
  EXPECT_EQ(Cid::from_bytes(bytes).problem(), (Problem{1, "no codec known here has the code 84"}));
  bytes = good;
  bytes[2] = 0x7f;
  EXPECT_EQ(Cid::from_bytes(bytes).problem().position, 2U);
  bytes = good;
  bytes.pop_back();
  EXPECT_EQ(Cid::from_bytes(bytes).problem().position, good.size() - 1);
  bytes = good;
  bytes.push_back(0);
  EXPECT_EQ(Cid::from_bytes(bytes).problem().position, good.size());
  EXPECT_EQ(Cid::from_text("Qm").problem(), (Problem{2, "version 0 has 46 characters, not 2"}));
  EXPECT_EQ(Cid::from_text(std::string(2000, 'b')).problem().position, 1024U);
  EXPECT_EQ(Cid::from_text("").problem().position, 0U);
}

TEST(Cid, RefusesVersion0BehindAMultibaseCharacter) {
  const Cid cid = Cid::from_text(kEmptyFolder).or_throw("CID");
  EXPECT_EQ(Cid::from_text(multibase::encode(multibase::Base::kBase32, cid.bytes())).problem(),
            (Problem{0, "version 0 is written without a multibase character"}));
  EXPECT_FALSE(Cid::v0(Multihash::digest(bytes_of("x"), HashFunction::kSha2Bits512)));
}

}  // namespace
}  // namespace idn::identity
