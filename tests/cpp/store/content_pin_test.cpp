#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "content_blocks.h"
#include "idn/core/error.h"
#include "idn/identity/multiformats/protobuf.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

using identity::Cid;
using identity::Codec;
using identity::HashFunction;

void fill(ContentStore& store) {
  for (int number = 1000; number < 1030; ++number) store.put(block(number));
}

void damage(const ContentStore& store, const Cid& cid) {
  const std::string name = cid.text();
  std::ofstream(store.path() / "blocks" / name.substr(name.size() - 3, 2) / name) << "damaged";
}

/// What eviction leaves of `kept` after the root of its tree is found to be damaged.
bool survives_damage(ContentStore& store, const Cid& root, const std::vector<Cid>& kept) {
  damage(store, root);
  EXPECT_NE(store_error([&] { store.get(root); }).find("damaged"), std::string::npos);
  fill(store);
  return std::ranges::all_of(kept, [&](const Cid& cid) { return store.has(cid); });
}

TEST(ContentPin, KeepsWhatIsBelowADamagedBlock) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid leaf = store.put(block(1));
  const Cid inner = put_node(store, {leaf});
  const Cid root = put_node(store, {inner, store.put(block(2))});
  store.pin(root);
  EXPECT_TRUE(survives_damage(store, root, {leaf, inner, Cid::of(block(2))}));
  EXPECT_EQ(store.verify().missing, std::vector{root});
  EXPECT_TRUE(survives_damage(store, inner, {leaf, Cid::of(block(2))}));
  ContentStore again(folder / "store", {.max_bytes = 1000});
  fill(again);
  EXPECT_TRUE(again.has(leaf));
}

TEST(ContentPin, OfAPutKeepsWhatIsBelowADamagedBlock) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid leaf = store.put(block(1));
  EXPECT_TRUE(survives_damage(store, put_node(store, {leaf}, true), {leaf}));
}

TEST(ContentPin, OfWhatWasNotAllHereBecomesAWholeOneByPinningAgain) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid root = put_node(store, {Cid::of(block(1))}, true);
  const Cid leaf = store.put(block(1));
  const Cid upper = Cid::of(identity::dag_pb::encode({{{root, "", 1}}, std::nullopt}), Codec::kDagPb);
  store.pin(upper, true);
  EXPECT_EQ(put_node(store, {root}), upper);
  store.pin(upper);
  store.unpin(root);
  EXPECT_TRUE(survives_damage(store, upper, {root, leaf}));
}

TEST(ContentPin, ThatWaitedForItsBlockLearnsWhatIsBelowIt) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid leaf = store.put(block(1));
  const Bytes node = identity::dag_pb::encode({{{leaf, "", 1}}, std::nullopt});
  const Cid root = Cid::of(node, Codec::kDagPb);
  store.pin(root, true);
  ASSERT_TRUE(store.put_block(root, node).ok());
  EXPECT_TRUE(survives_damage(store, root, {leaf}));
}

TEST(ContentPin, AnEmptyPinFileKeepsWhatItsBlockLeadsTo) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid leaf = store.put(block(1));
  const Cid root = put_node(store, {leaf});
  std::ofstream(store.path() / "pins" / root.text()).close();
  std::ofstream(store.path() / "pins" / leaf.text()) << "\n../x\nno cid\n" << std::string(5000, 'b') << '\n';
  fill(store);
  EXPECT_TRUE(store.has(root) && store.has(leaf));
}

TEST(ContentPin, KeepsTheKnownLinksOfABlockWithUnknownOnes) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid leaf = store.put(block(1));
  Bytes unknown{1, 0xa9, 2, 0x12, 32};  // version 1, dag-json, SHA2-256 of 32 bytes
  unknown.resize(unknown.size() + 32);
  Bytes link;
  identity::protobuf::append_bytes(link, 1, unknown);
  Bytes node;
  identity::protobuf::append_bytes(node, 2, link);
  const Bytes known = identity::dag_pb::encode({{{leaf, std::nullopt, std::nullopt}}, std::nullopt});
  node.insert(node.end(), known.begin(), known.end());
  const Cid root = store.put(node, Codec::kDagPb);
  EXPECT_NE(store_error([&] { store.pin(root); }).find("1 of the blocks"), std::string::npos);
  store.pin(root, true);
  fill(store);
  EXPECT_TRUE(store.has(leaf));
}

TEST(ContentPin, CountsEveryLinkThatABlockHasRoomFor) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = std::uint64_t{4} << 20});
  const Cid leaf = store.put(block(1));
  identity::dag_pb::Node node{{{leaf, std::nullopt, std::nullopt}}, std::nullopt};
  for (int i = 0; i < 65536; ++i)
    node.links.push_back({Cid::of(block(i), Codec::kRaw, HashFunction::kSha1), std::nullopt, std::nullopt});
  const Cid root = store.put(identity::dag_pb::encode(node), Codec::kDagPb);
  EXPECT_NE(store_error([&] { store.pin(root); }).find("65536 of the blocks"), std::string::npos);
  store.pin(root, true);
  for (std::uint8_t i = 0; i < 10; ++i) store.put(Bytes(std::size_t{1} << 20, i));
  EXPECT_TRUE(store.has(leaf));
}

TEST(ContentPin, OfABlockThatOnlyClaimsToBeANodeIsIncomplete) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid cid = store.put(bytes_of("no dag-pb at all"), Codec::kDagPb);
  EXPECT_NE(store_error([&] { store.pin(cid); }).find("1 of the blocks"), std::string::npos);
  store.pin(cid, true);
  fill(store);
  EXPECT_TRUE(store.has(cid));
  EXPECT_TRUE(store.verify().missing.empty());
}

TEST(ContentPin, APutThatPinsDoesNotEvictWhatItPins) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 300});
  std::vector<Cid> leaves;
  for (int number = 0; number < 3; ++number) leaves.push_back(store.put(block(number)));
  EXPECT_NE(store_error([&] { put_node(store, leaves, true); }).find("300 of them are pinned"),
            std::string::npos);
  EXPECT_TRUE(std::ranges::all_of(leaves, [&](const Cid& cid) { return store.has(cid); }));
  EXPECT_TRUE(store.pins().empty());
  EXPECT_NO_THROW(put_node(store, leaves)) << "what is not pinned makes room";
}

TEST(ContentPin, ABlockThatComesUnderAPinDoesNotEvictWhatIsBelowIt) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 300});
  const Cid leaf = store.put(block(0));
  const Bytes node = identity::dag_pb::encode({{{leaf, "", 1}}, std::nullopt});
  const Cid parent = Cid::of(node, Codec::kDagPb);
  store.pin(parent, true);
  for (int number = 1; number < 3; ++number) store.put(block(number));
  ASSERT_TRUE(store.put_block(parent, node).ok());
  EXPECT_TRUE(store.has(leaf) && store.has(parent));
}

}  // namespace
}  // namespace idn::store
