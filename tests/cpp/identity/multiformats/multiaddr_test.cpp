#include "idn/identity/multiformats/multiaddr.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "idn/identity/multiformats/cid.h"
#include "idn/identity/multiformats/multibase.h"
#include "idn/identity/multiformats/varint.h"

namespace idn::identity {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kPeer = "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV";

Multiaddr address(std::string_view text) { return Multiaddr::from_text(text).or_throw(std::string(text)); }

std::string hex(const Multiaddr& address) {
  return multibase::encode_plain(multibase::Base::kBase16, address.bytes());
}

Bytes from_hex(std::string_view text) {
  return multibase::decode_plain(multibase::Base::kBase16, text).or_throw("hexadecimal");
}

Problem refused_text(std::string_view text) {
  const auto read = Multiaddr::from_text(text);
  EXPECT_FALSE(read) << text;
  return read ? Problem{} : read.problem();
}

Problem refused_bytes(std::string_view text) {
  const auto read = Multiaddr::from_bytes(from_hex(text));
  EXPECT_FALSE(read) << text;
  return read ? Problem{} : read.problem();
}

TEST(Multiaddr, HasOneTextAndOneBinaryForm) {
  // The first two are go-multiaddr's own vectors, the others follow from its table of protocols.
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"/ip4/127.0.0.1/udp/1234", "047f000001910204d2"},
      {"/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1"},
      {"/ip6/2001:db8::ff00:42:8329/tcp/0", "2920010db8000000000000ff0000428329060000"},
      {"/dns/a.example/tcp/443", "3509612e6578616d706c650601bb"},
      {"/dns4/localhost", "36096c6f63616c686f7374"},
      {"/dns6/_x.y-z", "37065f782e792d7a"},
      {"/unix/tmp/p2p.sock", "9003"s + "0d" + "2f746d702f7032702e736f636b"},
      {"/memory/18446744073709551615", "8906ffffffffffffffff"},
      {"/memory/4", "89060000000000000004"},
      {"/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC",
       "a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b"},
  };
  for (const auto& [text, binary] : pairs) {
    const Multiaddr read = address(text);
    EXPECT_EQ(hex(read), binary) << text;
    EXPECT_EQ(read.text(), text);
    EXPECT_EQ(Multiaddr::from_bytes(from_hex(binary)).value(), read);
  }
}

TEST(Multiaddr, TellsItsParts) {
  const Multiaddr read = address("/ip6/::1/tcp/4001/p2p/" + std::string(kPeer) + "/unix/a/b c/ü");
  ASSERT_EQ(read.parts().size(), 4U);
  EXPECT_EQ(to_string(read.parts()[0].protocol), "ip6");
  EXPECT_EQ(read.parts()[0].text(), "::1");
  EXPECT_EQ(read.parts()[1].value, (Bytes{0x0f, 0xa1}));
  EXPECT_EQ(read.parts()[2].text(), kPeer);
  EXPECT_EQ(read.parts()[3].text(), "/a/b c/ü");
}

TEST(Multiaddr, RefusesATextWithThePositionOfTheMistake) {
  const std::vector<std::pair<std::string, Problem>> cases{
      {"", {0, "the address is empty"}},
      {"ip4/1.2.3.4", {0, "an address begins with '/'"}},
      {"/", {1, "expected a protocol, one of ip4, ip6, dns, dns4, dns6, tcp, udp, unix, p2p, memory"}},
      {"/tcp", {4, "the value of tcp is missing"}},
      {"/tcp/", {5, "tcp: expected a number from 0 to 65535"}},
      {"/tcp/1/", {7, "expected a protocol, one of ip4, ip6, dns, dns4, dns6, tcp, udp, unix, p2p, memory"}},
      {"/tcp/65536", {5, "tcp: expected a number from 0 to 65535"}},
      {"/udp/12x", {7, "udp: expected a number from 0 to 65535"}},
      {"/udp/-1", {5, "udp: expected a number from 0 to 65535"}},
      {"/tcp/080", {5, "tcp: the number has a leading zero"}},
      {"/memory/18446744073709551616", {8, "memory: expected a number from 0 to 18446744073709551615"}},
      {"/ip4/1.2.3", {10, "ip4: the address has fewer than four numbers"}},
      {"/ip4/1.2.3.4.5", {13, "ip4: the address has more than four numbers"}},
      {"/ip4/1.02.3.4", {7, "ip4: a number has a leading zero"}},
      {"/ip4/1.256.3.4", {7, "ip4: expected a number from 0 to 255"}},
      {"/ip6/2001:DB8::", {10, "ip6: the address is to be written 2001:db8::"}},
      {"/ip6/fe80::1%eth0", {11, "ip6: expected a group of one to four hexadecimal digits"}},
      {"/dns/Example.org",
       {5,
        "dns: a name is of small letters, digits, '_' and, inside a label, '-'; write others in their "
        "ASCII form (xn--…)"}},
      {"/dns4/a..b", {8, "dns4: a label of the name is empty"}},
      {"/dns4/x.127", {8, "dns4: the name ends like an IP address; use ip4"}},
      {"/dns4/0x7f000001", {6, "dns4: the name ends like an IP address; use ip4"}},
      {"/unix/", {5, "unix: the path ends in '/'"}},
      {"/unix/a/b/", {9, "unix: the path ends in '/'"}},
      {"/unix/a\nb", {7, "unix: the path has a control character"}},
      {"/unix/a\xff", {7, "unix: the path is not UTF-8"}},
  };
  for (const auto& [text, problem] : cases) EXPECT_EQ(refused_text(text), problem) << text;
}

TEST(Multiaddr, RefusesBytesWithThePositionOfTheMistake) {
  EXPECT_EQ(refused_bytes(""), (Problem{0, "the address is empty"}));
  EXPECT_EQ(refused_bytes("047f0000"), (Problem{1, "ip4: the value has 4 bytes, but only 3 are left"}));
  EXPECT_EQ(refused_bytes("047f00000191"), (Problem{6, "the protocol's code: the number is cut off"}));
  EXPECT_EQ(refused_bytes("8400047f000001"),
            (Problem{1, "the protocol's code: the number is not in its shortest form"}));
  EXPECT_EQ(refused_bytes("047f000001b803").position, 5U) << "dns has code 53, 440 is nothing here";
  EXPECT_EQ(refused_bytes("35"), (Problem{1, "dns: the number is cut off"}));
  EXPECT_EQ(refused_bytes("3500"), (Problem{2, "dns: a label of the name is empty"}));
  EXPECT_EQ(refused_bytes("3503612f62").position, 3U) << "a slash in a name";
  EXPECT_EQ(refused_bytes("35ffffffffffffffff7f61").position, 10U) << "a length of 2^63 - 1";
  EXPECT_EQ(refused_bytes("900302612f").position, 3U) << "a path that does not begin with '/'";
  EXPECT_EQ(refused_bytes("9003022f61060001"),
            (Problem{5, "a part follows a unix path, which takes the rest of an address"}));
  EXPECT_EQ(refused_bytes("a503020000"),
            (Problem{3, "p2p: a peer ID that is the key itself has 1 to 42 bytes, not 0"}));
}

TEST(Multiaddr, APeerIsAMultihashInBase58AndNothingElse) {
  const Multihash hash = Multihash::digest(bytes_of("key"));
  EXPECT_EQ(address("/p2p/" + hash.text()).parts()[0].value, hash.bytes());
  for (const auto function : {HashFunction::kSha3Bits256, HashFunction::kKeccak256}) {
    EXPECT_TRUE(Multiaddr::from_text("/p2p/" + Multihash::digest(bytes_of("key"), function).text()));
  }
  for (const auto function : {HashFunction::kSha1, HashFunction::kSha2Bits512, HashFunction::kBlake2b256}) {
    EXPECT_EQ(refused_text("/p2p/" + Multihash::digest(bytes_of("key"), function).text()).position, 5U);
  }
  const std::string long_key(43, 'k');
  EXPECT_TRUE(Multiaddr::from_text(
      "/p2p/" + Multihash::digest(bytes_of(long_key.substr(1)), HashFunction::kIdentity).text()));
  EXPECT_FALSE(
      Multiaddr::from_text("/p2p/" + Multihash::digest(bytes_of(long_key), HashFunction::kIdentity).text()));
  EXPECT_EQ(refused_text("/p2p/" + Cid::v1(Codec::kLibp2pKey, hash).text()),
            (Problem{5, "p2p: the peer ID is a CID; write its multihash in base58: " + hash.text()}));
  EXPECT_EQ(refused_text("/p2p/Qm0").position, 7U) << "no character of base58";
}

TEST(Multiaddr, GoesIntoAnotherAndOutOfIt) {
  const Multiaddr outer = address("/ip4/127.0.0.1/udp/1234");
  const Multiaddr both = outer.encapsulate(address("/udp/5678")).value();
  EXPECT_EQ(both.text(), "/ip4/127.0.0.1/udp/1234/udp/5678");
  EXPECT_EQ(both.decapsulate(address("/udp/5678")), outer);
  EXPECT_EQ(both.decapsulate(address("/tcp/5678")), both);
  EXPECT_EQ(both.decapsulate(address("/ip4/127.0.0.1")), std::nullopt);
  const Multiaddr twice = both.encapsulate(both).value();
  EXPECT_EQ(twice.decapsulate(both), both) << "the last place counts";
  EXPECT_EQ(twice.decapsulate(address("/udp/1234/udp/5678")),
            both.encapsulate(address("/ip4/127.0.0.1")).value());
}

TEST(Multiaddr, NothingFollowsAUnixPath) {
  const Multiaddr path = address("/ip4/1.2.3.4/unix/a");
  EXPECT_EQ(path.encapsulate(address("/tcp/1")).problem().position, path.bytes().size());
  EXPECT_EQ(address("/unix/a/tcp/1").parts().size(), 1U);
  EXPECT_EQ(address("/unix//a").parts()[0].text(), "//a");
}

TEST(Multiaddr, IsBounded) {
  std::string text;
  while (text.size() < 20 * (Multiaddr::kMaxBytes / 5)) text += "/ip4/255.255.255.255";
  EXPECT_EQ(address(text).bytes().size(), 1020U);
  const Multiaddr longest = address(text).encapsulate(address("/udp/65535")).value();
  EXPECT_EQ(longest.bytes().size(), Multiaddr::kMaxBytes);
  EXPECT_LE(longest.text().size(), Multiaddr::kMaxText) << "the most characters that a byte can take";
  EXPECT_EQ(Multiaddr::from_text(longest.text()).value(), longest);
  EXPECT_EQ(longest.encapsulate(address("/tcp/1")).problem(),
            (Problem{1024, "the address has more than 1024 bytes"}));
  EXPECT_EQ(refused_text(text + "/tcp/65535/tcp/1"),
            (Problem{text.size() + 10, "the address has more than 1024 bytes"}));
  EXPECT_EQ(refused_text("/unix/" + std::string(Multiaddr::kMaxText, 'a')).position, Multiaddr::kMaxText);
  EXPECT_EQ(Multiaddr::from_bytes(Bytes(1025, 4)).problem().position, Multiaddr::kMaxBytes);
}

TEST(Multiaddr, APartMadeByHandIsCheckedWhenItIsWritten) {
  EXPECT_EQ((AddressPart{Protocol::kIp4, {1, 2, 3, 4}}.text()), "1.2.3.4");
  EXPECT_THROW(static_cast<void>(AddressPart{Protocol::kIp6, {1, 2, 3, 4}}.text()), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(AddressPart{Protocol{5}, {}}.text()), std::invalid_argument);
}

TEST(Multiaddr, WhateverIsReadIsWrittenAgainAsItWas) {
  std::mt19937 random(8);
  const std::vector<std::string> seeds{
      "/ip4/127.0.0.1/udp/1234/p2p/" + std::string(kPeer),
      "/ip6/2001:db8::ff00:42:8329/tcp/443/dns4/a.example",
      "/ip6/::ffff:1.2.3.4/memory/77/unix/tmp/x",
  };
  std::size_t read_again = 0;
  for (int round = 0; round < 60'000; ++round) {
    const std::string& seed = seeds[static_cast<std::size_t>(round) % seeds.size()];
    std::string text = seed;
    text[random() % text.size()] =
        static_cast<char>(random() % 2 == 0 ? random() % 256 : "/:.0123456789af"[random() % 15]);
    if (const auto read = Multiaddr::from_text(text)) {
      EXPECT_EQ(read->text(), text);
      EXPECT_EQ(Multiaddr::from_bytes(read->bytes()).value(), *read);
      ++read_again;
    }
    Bytes bytes = address(seed).bytes();
    bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    if (const auto read = Multiaddr::from_bytes(bytes)) {
      EXPECT_EQ(read->bytes(), bytes);
      EXPECT_EQ(Multiaddr::from_text(read->text()).value(), *read);
      ++read_again;
    }
  }
  EXPECT_GT(read_again, 1000U);
}

}  // namespace
}  // namespace idn::identity
