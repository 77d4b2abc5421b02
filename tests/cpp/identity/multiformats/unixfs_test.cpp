#include "idn/identity/multiformats/unixfs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "idn/identity/multiformats/dag_pb.h"
#include "idn/identity/multiformats/file_builder.h"
#include "idn/identity/multiformats/file_reader.h"
#include "idn/identity/multiformats/multibase.h"
#include "idn/identity/multiformats/varint.h"

namespace idn::identity::unixfs {
namespace {

using Blocks = std::map<Cid, Bytes>;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The content of tests/data/unixfs.json.
Bytes content(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(i * 2654435761U) >> 24);
  }
  return bytes;
}

struct Built {
  Cid root;
  Blocks blocks;
  std::vector<Cid> order;
};

Built build(ByteView bytes, Layout layout, std::size_t piece) {
  Blocks blocks;
  std::vector<Cid> order;
  FileBuilder builder(
      [&](const Cid& cid, ByteView block) {
        blocks.insert_or_assign(cid, Bytes(block.begin(), block.end()));
        order.push_back(cid);
      },
      layout);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    builder.append(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  }
  Cid root = builder.finish();
  return {std::move(root), std::move(blocks), std::move(order)};
}

BlockSource source(const Blocks& blocks) {
  return [&blocks](const Cid& cid) -> Result<Bytes> {
    const auto found = blocks.find(cid);
    if (found == blocks.end()) return Problem{0, "there is no block " + cid.text()};
    return found->second;
  };
}

struct ReadBack {
  Bytes bytes;
  Result<std::uint64_t> size;
};

ReadBack read_back(const Cid& root, const Blocks& blocks, std::uint64_t limit = kNoLimit) {
  Bytes bytes;
  auto size = read_file(
      root, source(blocks), [&](ByteView piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); },
      limit);
  return {std::move(bytes), std::move(size)};
}

// A node under its own CID, as somebody who means harm would hand it out.
Cid put(Blocks& blocks, const Bytes& block, Codec codec = Codec::kDagPb) {
  const Cid cid = Cid::of(block, codec);
  blocks.insert_or_assign(cid, block);
  return cid;
}

Problem refusal(const Cid& root, const Blocks& blocks) {
  const ReadBack read = read_back(root, blocks);
  EXPECT_FALSE(read.size) << root.text();
  return read.size ? Problem{} : read.size.problem();
}

FilePart raw_part(Blocks& blocks, std::string_view bytes) {
  const ByteView view = bytes_of(bytes);
  return {put(blocks, Bytes(view.begin(), view.end()), Codec::kRaw), bytes.size(), bytes.size()};
}

Bytes from_hex(std::string_view text) {
  return multibase::decode_plain(multibase::Base::kBase16, text).or_throw("hexadecimal");
}

TEST(UnixFs, TheTreeIsThatOfOtherImplementations) {
  // Rows of tests/data/unixfs.json.
  struct Row {
    std::size_t size;
    Layout layout;
    std::string_view cid;
    std::size_t blocks;
  };
  const std::vector<Row> rows{
      {0, {}, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", 1},
      {1 << 20, {}, "bafkreigkmbztslxhdw6ruljvnq6kuiz7r6bivyl7r6f2qvyo4nerxyjivm", 1},
      {(1 << 20) + 1, {}, "bafybeicazqphgjf4g4qf4skxzdrp4q4ggibd5eun436hnrf7iftnvy4pde", 3},
      {3'670'016, {}, "bafybeifxxdtldldro5kqmjbbk6ldrmdlg4ohlaiilov74jlght4k6ux74y", 5},
      {257, {64, 4}, "bafybeifuqkclwtfrd7rd5jfi6ppzx3yi42p4b7xa4whlndfi3p7yxjqazu", 8},
      {1025, {64, 4}, "bafybeid4pqxz5rlheigppruphakww3sewznitkvjnvnjimueqbyzpmihqq", 25},
      {4097, {64, 4}, "bafybeihm7ukyxelrmg6b4bvj5anc5lc4tsufpurgac52op5mqwsrn2jly4", 90},
      {300, {10, 3}, "bafybeifbbn5xtimnwgbxbx6bfzpqygvplnfzsbascsl5bffax56kmwljzm", 47},
      {17, {1, 2}, "bafybeigk6u2ksrjnsedoop3m26cs7sgrunjyhqichme7enh2zgsgesidqy", 37},
  };
  for (const Row& row : rows) {
    const Bytes bytes = content(row.size);
    const Built built = build(bytes, row.layout, row.size + 1);
    EXPECT_EQ(built.root.text(), row.cid) << row.size;
    EXPECT_EQ(built.blocks.size(), row.blocks);
    EXPECT_EQ(built.order.back(), built.root) << "children come before parents";
    EXPECT_EQ(file_cid(bytes, row.layout), built.root);
    const ReadBack read = read_back(built.root, built.blocks, row.size);
    EXPECT_EQ(read.size.value(), row.size);
    EXPECT_EQ(read.bytes, bytes);
  }
}

TEST(UnixFs, PiecesOfAnySizeGiveTheSameTree) {
  const Bytes bytes = content(1000);
  const Cid whole = file_cid(bytes, {64, 4});
  for (const std::size_t piece : {1U, 2U, 63U, 64U, 65U, 128U, 500U}) {
    EXPECT_EQ(build(bytes, {64, 4}, piece).root, whole) << piece;
  }
}

TEST(UnixFs, ABuilderIsUsedOnce) {
  FileBuilder builder([](const Cid&, ByteView) {});
  builder.append(content(3));
  EXPECT_EQ(builder.file_bytes(), 3U);
  builder.finish();
  EXPECT_THROW(builder.append({}), std::invalid_argument);
  EXPECT_THROW(builder.finish(), std::invalid_argument);
}

TEST(UnixFs, AfterASinkThatThrewThereIsNoFile) {
  bool full = false;
  FileBuilder builder(
      [&](const Cid&, ByteView) {
        if (full) throw std::runtime_error("the disk is full");
      },
      {1, 2});
  builder.append(content(3));
  full = true;
  EXPECT_THROW(builder.append(content(3)), std::runtime_error);
  full = false;
  EXPECT_THROW(builder.append(content(3)), std::invalid_argument) << "a block is missing by now";
  EXPECT_THROW(builder.finish(), std::invalid_argument);
}

TEST(UnixFs, ALayoutThatCannotBeIsRefused) {
  for (const Layout layout : {Layout{0, 4}, Layout{kMaxBlockBytes + 1, 4}, Layout{64, 1}, Layout{64, 1025}}) {
    EXPECT_THROW(file_cid({}, layout), std::invalid_argument);
  }
}

TEST(UnixFs, ADagPbBlockHasOneForm) {
  // "hello" named by a link with an empty name, and data; the bytes are worked out by hand from the
  // specification.
  const Cid cid = Cid::of(bytes_of("hello"));
  const dag_pb::Node node{{{cid, "", 5}}, Bytes{1, 2}};
  const std::string link =
      "0a24" + multibase::encode_plain(multibase::Base::kBase16, cid.bytes()) + "1200" + "1805";
  EXPECT_EQ(dag_pb::encode(node), from_hex("122a" + link + "0a020102"));
  EXPECT_EQ(dag_pb::decode(dag_pb::encode(node), 1).value(), node);
  EXPECT_EQ(dag_pb::decode(dag_pb::encode(node), 0).problem(),
            (Problem{0, "the node has more than 0 links"}));
  EXPECT_EQ(dag_pb::decode({}, 1).value(), dag_pb::Node{}) << "the empty block is the empty node";
  EXPECT_EQ(dag_pb::decode(from_hex("0a00"), 1).value(), (dag_pb::Node{{}, Bytes{}}));
  for (const auto& [block, position] : std::vector<std::pair<std::string, std::size_t>>{
           {"0a020102122a" + link, 4},          // data first
           {"0a0201020a0103", 4},               // data twice
           {"122a" + link + "1a00", 44},        // an unknown field
           {"122a" + link + "0800", 44},        // data as a number
           {"122b" + link + "0a020102", 44},    // one byte of the data taken for the link's
           {"122a" + link + "0a030102", 46},    // data cut off
           {"122a" + link + "0a82000102", 46},  // a length in more bytes than it needs
           {"12021800", 2},                     // a link without a CID
           {"12060a0401551220", 4 + 4},         // a CID that ends too early
           {"12"
            "00",
            2},                                                   // an empty link
           {"1229" + link.substr(0, 76) + "1201ff", 2 + 38 + 2},  // a name that is not UTF-8
       }) {
    const auto read = dag_pb::decode(from_hex(block), 9);
    ASSERT_FALSE(read) << block;
    EXPECT_EQ(read.problem().position, position) << block << " " << read.problem().reason;
  }
}

TEST(UnixFs, WhatIsReadAsDagPbIsWrittenAgainAsItWas) {
  std::mt19937 random(3);
  const Bytes good = encode(FileNode{{{Cid::of(bytes_of("a")), 1, 1}, {Cid::of(bytes_of("bc")), 2, 2}}});
  std::size_t read_again = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes block = good;
    block[random() % block.size()] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0) block.resize(random() % block.size());
    const auto node = dag_pb::decode(block, 100);
    if (!node) continue;
    EXPECT_EQ(dag_pb::encode(*node), block);
    ++read_again;
    if (const auto file = decode(block)) {
      EXPECT_EQ(encode(*file), block);
    }
  }
  EXPECT_GT(read_again, 1000U);
}

TEST(UnixFs, ANameThatIsLeftOutIsRefusedAsTheEmptyOneIsWritten) {
  Blocks blocks;
  const FilePart a = raw_part(blocks, "a");
  const FilePart b = raw_part(blocks, "bc");
  dag_pb::Node node = dag_pb::decode(encode(FileNode{{a, b}}), 9).value();
  for (dag_pb::Link& link : node.links) link.name.reset();
  EXPECT_EQ(refusal(put(blocks, dag_pb::encode(node)), blocks).reason,
            "part 0 has no name, expected the empty one");
}

TEST(UnixFs, ANodeThatIsNotOfTheProfileIsRefused) {
  Blocks blocks;
  const FilePart a = raw_part(blocks, "a");
  const dag_pb::Node good = dag_pb::decode(encode(FileNode{{a, a}}), 9).value();
  EXPECT_EQ(*good.data, (Bytes{8, 2, 24, 2, 32, 1, 32, 1}));
  const auto with_data = [&](const Bytes& data) {
    dag_pb::Node node = good;
    node.data = data;
    return refusal(put(blocks, dag_pb::encode(node)), blocks).reason;
  };
  EXPECT_EQ(with_data({8, 1}), "the node is of UnixFS kind 1, expected 2, a file");
  EXPECT_EQ(with_data({24, 2}), "a field of tag 24 stands here, expected the kind of UnixFS node (tag 8)");
  EXPECT_EQ(
      with_data({8, 2, 18, 1, 'x', 24, 3, 32, 1, 32, 1}),
      "a field of tag 18 stands here, expected the size of the file (tag 24), whose bytes are all in raw "
      "blocks");
  EXPECT_EQ(with_data({8, 2, 24, 2, 32, 1}), "1 sizes of parts, but 2 links");
  EXPECT_EQ(with_data({8, 2, 24, 2, 32, 1, 32, 1, 32, 1}), "more sizes of parts than the node's 2 links");
  EXPECT_EQ(with_data({8, 2, 24, 2, 34, 2, 1, 1}),
            "a field of tag 34 stands here, expected sizes of parts (tag 32)")
      << "packed";
  EXPECT_EQ(with_data({8, 2, 24, 2, 32, 1, 32, 1, 56, 0}),
            "a field of tag 56 stands here, expected sizes of parts (tag 32)")
      << "a mode";
  EXPECT_EQ(with_data({8, 2, 24, 3, 32, 1, 32, 1}), "the file's size is 3, but its parts have 2");
  EXPECT_EQ(with_data({8, 2, 24, 1, 32, 1, 32, 0}), "part 1 holds no bytes of the file");
  EXPECT_EQ(with_data({8, 2, 24, 3, 32, 1, 32, 2}), "part 1 has 1 bytes of blocks for 2 of the file");
  const auto with_link = [&](const dag_pb::Link& link) {
    dag_pb::Node node = good;
    node.links[1] = link;
    return refusal(put(blocks, dag_pb::encode(node)), blocks).reason;
  };
  EXPECT_EQ(with_link({a.cid, "x", 1}), "part 1 has a name, but is part of a file");
  EXPECT_EQ(with_link({a.cid, "", std::nullopt}), "part 1 does not say how large its blocks are");
  EXPECT_EQ(with_link({Cid::of(bytes_of("a"), Codec::kJson), "", 1}),
            "part 1 is of codec json, expected raw or dag-pb");
  EXPECT_EQ(with_link({Cid::v0(a.cid.hash()).value(), "", 1}), "part 1 has a CID of version 0, expected 1");
  EXPECT_EQ(with_link({Cid::of(bytes_of("a"), Codec::kRaw, HashFunction::kIdentity), "", 1}),
            "part 1: the hash identity proves nothing");
  EXPECT_EQ(refusal(put(blocks, dag_pb::encode({good.links, {}})), blocks).reason,
            "the node has no data that says what it is");
  EXPECT_EQ(refusal(put(blocks, dag_pb::encode({{}, Bytes{8, 2, 24, 0}})), blocks).reason,
            "the file's node has no parts");
}

TEST(UnixFs, ABlockThatDoesNotFitTheNodeAboveItBreaksTheFile) {
  Blocks blocks;
  const FilePart a = raw_part(blocks, "a");
  FilePart longer = a;
  longer.file_bytes = longer.total_bytes = 2;
  EXPECT_EQ(refusal(put(blocks, encode(FileNode{{a, longer}})), blocks).reason,
            "the block has 1 bytes of the file and 1 in all, but the node above it says 2 and 2");
  const Bytes below = encode(FileNode{{a, a}});
  for (const auto& [file, total] : {std::pair{3U, below.size() + 2}, std::pair{2U, below.size() + 3}}) {
    const FilePart part{put(blocks, below), file, total};
    EXPECT_NE(refusal(put(blocks, encode(FileNode{{a, part}})), blocks).reason.find("the node above it says"),
              std::string::npos);
  }
}

TEST(UnixFs, NeitherRepetitionNorDepthGivesMoreThanTheRootDeclares) {
  Blocks blocks;
  FilePart part = raw_part(blocks, "x");
  const auto double_it = [&] {
    const FileNode node{{part, part}};
    const Bytes block = encode(node);
    part = {put(blocks, block), node.file_bytes(), block.size() + node.total_bytes()};
  };
  for (int level = 0; level < 12; ++level) double_it();
  EXPECT_EQ(blocks.size(), 13U);
  EXPECT_EQ(read_back(part.cid, blocks).bytes, Bytes(4096, 'x')) << "honest repetition is no harm";
  EXPECT_EQ(read_back(part.cid, blocks, 4095).size.problem().reason,
            "the file has 4096 bytes, more than the 4095 allowed");
  // With 50 levels the 51 blocks would be an exabyte: refused at the root.
  for (int level = 12; level < 50; ++level) double_it();
  const ReadBack bomb = read_back(part.cid, blocks, std::uint64_t{1} << 40);
  EXPECT_EQ(bomb.size.problem().reason,
            "the file has 1125899906842624 bytes, more than the 1099511627776 allowed");
  EXPECT_TRUE(bomb.bytes.empty());
}

TEST(UnixFs, AChainOfNodesEndsSomewhere) {
  Blocks blocks;
  FilePart part = raw_part(blocks, "x");
  std::vector<Cid> roots;
  for (std::size_t depth = 0; depth <= kMaxDepth; ++depth) {
    const FileNode node{{part}};
    const Bytes block = encode(node);
    part = {put(blocks, block), 1, block.size() + node.total_bytes()};
    roots.push_back(part.cid);
  }
  EXPECT_EQ(read_back(roots[kMaxDepth - 1], blocks).bytes, Bytes{'x'});
  EXPECT_EQ(refusal(roots[kMaxDepth], blocks).reason, "the tree is deeper than 64 nodes");
}

TEST(UnixFs, SizesThatOverflowAreRefused) {
  Blocks blocks;
  const FilePart huge{Cid::of(bytes_of("a")), varint::kMaxValue, varint::kMaxValue};
  dag_pb::Node node{
      {{huge.cid, "", huge.total_bytes}, {huge.cid, "", huge.total_bytes}, {huge.cid, "", huge.total_bytes}},
      {}};
  Bytes data{8, 2, 24, 1};
  for (int i = 0; i < 3; ++i) {
    data.push_back(32);
    varint::append(data, varint::kMaxValue);
  }
  node.data = data;
  EXPECT_EQ(refusal(put(blocks, dag_pb::encode(node)), blocks).reason,
            "the parts are together above 2^63 - 1 bytes");
}

TEST(UnixFs, AWrongBlockIsRefusedAndTheRightOneStillTaken) {
  const Built built = build(content(300), {64, 4}, 300);
  FileReader reader = FileReader::open(built.root, 300).value();
  EXPECT_EQ(reader.file_bytes(), std::nullopt);
  EXPECT_EQ(reader.accept(bytes_of("else")).problem().reason,
            "the bytes are not those of block " + built.root.text());
  EXPECT_EQ(reader.accept(Bytes(kMaxBlockBytes + 1)).problem().position, kMaxBlockBytes);
  EXPECT_FALSE(reader.broken());
  Bytes bytes;
  while (const auto wanted = reader.wanted()) {
    const auto piece = reader.accept(built.blocks.at(*wanted));
    ASSERT_TRUE(piece);
    bytes.insert(bytes.end(), piece->begin(), piece->end());
    EXPECT_EQ(reader.file_bytes(), 300U);
  }
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(bytes, content(300));
  EXPECT_THROW(static_cast<void>(reader.accept({})), std::invalid_argument);
}

TEST(UnixFs, ABrokenFileWantsNothingMore) {
  Blocks blocks;
  const Cid root = put(blocks, {1, 2, 3});
  FileReader reader = FileReader::open(root, kNoLimit).value();
  EXPECT_FALSE(reader.accept(blocks.at(root)));
  EXPECT_TRUE(reader.broken());
  EXPECT_FALSE(reader.complete());
  EXPECT_EQ(reader.wanted(), std::nullopt);
  EXPECT_TRUE(reader.upcoming(9).empty());
  EXPECT_THROW(static_cast<void>(reader.accept(blocks.at(root))), std::invalid_argument);
}

TEST(UnixFs, TheNextBlocksAreKnownAhead) {
  const Built built = build(content(9), {1, 3}, 9);
  FileReader reader = FileReader::open(built.root, 9).value();
  EXPECT_EQ(reader.upcoming(5), std::vector<Cid>{built.root});
  ASSERT_TRUE(reader.accept(built.blocks.at(built.root)));
  const std::vector<Cid> nodes = reader.upcoming(5);
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_EQ(reader.upcoming(2).size(), 2U);
  ASSERT_TRUE(reader.accept(built.blocks.at(nodes[0])));
  const std::vector<Cid> ahead = reader.upcoming(9);
  ASSERT_EQ(ahead.size(), 5U) << "three chunks, then the two nodes";
  EXPECT_EQ(ahead[0], *reader.wanted());
  EXPECT_EQ(ahead[3], nodes[1]);
  EXPECT_EQ(ahead[4], nodes[2]);
}

TEST(UnixFs, ARootThatNamesNoFileIsRefused) {
  EXPECT_EQ(FileReader::open(Cid::of(bytes_of("a"), Codec::kDagCbor), 9).problem().reason,
            "a file is of codec raw or dag-pb, not dag-cbor");
  EXPECT_EQ(FileReader::open(Cid::of(bytes_of("a"), Codec::kRaw, HashFunction::kSha1), 9).problem().reason,
            "the hash sha1 proves nothing");
  EXPECT_TRUE(FileReader::open(Cid::of(bytes_of("a"), Codec::kRaw, HashFunction::kKeccak256), 9));
}

TEST(UnixFs, WhyABlockCannotBeHadIsPassedOn) {
  Built built = build(content(300), {64, 4}, 300);
  const Cid missing = built.order[2];
  built.blocks.erase(missing);
  const ReadBack read = read_back(built.root, built.blocks);
  EXPECT_EQ(read.size.problem().reason, "there is no block " + missing.text());
  EXPECT_EQ(read.bytes.size(), 128U);
}

TEST(UnixFs, ADamagedBlockIsNeverReadAsTheFile) {
  const Built built = build(content(300), {64, 4}, 300);
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    Blocks blocks = built.blocks;
    auto& block = std::next(blocks.begin(), static_cast<std::ptrdiff_t>(random() % blocks.size()))->second;
    block[random() % block.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
    EXPECT_FALSE(read_back(built.root, blocks).size);
  }
}

// A hostile tree: every block under its own CID, but with a byte changed anywhere.
TEST(UnixFs, ATreeMadeToDoHarmIsRefusedOrGivesWhatItDeclares) {
  std::mt19937 random(6);
  Blocks good;
  const FilePart a = raw_part(good, "aaaa");
  const Bytes inner = encode(FileNode{{a, a}});
  const Bytes outer = encode(FileNode{{{put(good, inner), 8, inner.size() + 8}, a}});
  std::size_t read = 0;
  for (int round = 0; round < 20'000; ++round) {
    Blocks blocks = good;
    Bytes changed = outer;
    changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const ReadBack back = read_back(put(blocks, changed), blocks, 1 << 16);
    if (back.size) {
      EXPECT_EQ(back.size.value(), back.bytes.size());
      ++read;
    } else {
      EXPECT_LE(back.bytes.size(), 12U);
    }
  }
  EXPECT_GT(read, 10U) << "a byte changed into itself at least";
}

}  // namespace
}  // namespace idn::identity::unixfs
