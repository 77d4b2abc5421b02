#include "idn/store/content.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "idn/core/error.h"
#include "idn/identity/multiformats/unixfs.h"
#include "idn/store/content_folder.h"
#include "idn/store/content_name.h"
#include "idn/store/text.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

using identity::Cid;
using identity::Codec;

Bytes bytes(std::string_view text) { return {bytes_of(text).begin(), bytes_of(text).end()}; }

std::filesystem::path place(const ContentStore& store, const Cid& cid) {
  const std::string name = content::block_name(cid);
  return store.path() / "blocks" / content::shard_of(name) / name;
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// The message of the StoreError that `action` throws.
template <class Action>
std::string store_error(Action action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error.what();
  }
  return "no StoreError";
}

TEST(ContentStore, BlocksComeBackByTheirCidInAnyOtherOpening) {
  const TemporaryFolder folder;
  const Cid cid = ContentStore(folder / "store").put(bytes_of("a block"));
  const Cid node = ContentStore(folder / "store").put(bytes_of("{}"), Codec::kJson);
  ContentStore store(folder / "store");
  EXPECT_EQ(cid, Cid::of(bytes_of("a block")));
  EXPECT_EQ(store.get(cid), bytes("a block"));
  EXPECT_EQ(store.get(node), bytes("{}"));
  EXPECT_TRUE(store.has(cid));
  EXPECT_EQ(store.blocks(), 2U);
  EXPECT_EQ(store.bytes(), 9U);
  EXPECT_EQ(store.list().size(), 2U);
}

TEST(ContentStore, WhatIsNotHereIsNothing) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = Cid::of(bytes_of("elsewhere"));
  EXPECT_EQ(store.get(cid), std::nullopt);
  EXPECT_FALSE(store.has(cid));
  EXPECT_FALSE(store.remove(cid));
  EXPECT_FALSE(store.unpin(cid));
  EXPECT_EQ(store.blocks(), 0U);
}

TEST(ContentStore, BothVersionsOfACidNameOneBlock) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid one = store.put(bytes_of("node"), Codec::kDagPb);
  const Cid zero = *Cid::v0(one.hash());
  EXPECT_EQ(store.get(zero), bytes("node"));
  EXPECT_EQ(store.put_block(zero, bytes_of("node")).value(), one);
  EXPECT_EQ(store.blocks(), 1U);
  EXPECT_FALSE(store.has(Cid::v1(Codec::kRaw, one.hash()))) << "another codec is another block";
}

TEST(ContentStore, ACidThatCarriesItsBlockTakesNoRoom) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = Cid::of(bytes_of("inside"), Codec::kRaw, identity::HashFunction::kIdentity);
  EXPECT_EQ(store.put_block(cid, bytes_of("inside")).value(), cid);
  EXPECT_TRUE(store.has(cid));
  EXPECT_EQ(store.get(cid), bytes("inside"));
  store.pin(cid);
  EXPECT_EQ(store.blocks(), 0U);
  EXPECT_TRUE(store.list().empty());
}

TEST(ContentStore, BytesThatAreNotTheCidsAreRefused) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = Cid::of(bytes_of("right"));
  EXPECT_FALSE(store.put_block(cid, bytes_of("wrong")).ok());
  EXPECT_FALSE(store.has(cid));
  EXPECT_TRUE(store.put_block(cid, bytes_of("right")).ok());
}

TEST(ContentStore, ABlockIsBounded) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  Bytes block(identity::unixfs::kMaxBlockBytes);
  EXPECT_EQ(store.get(store.put(block))->size(), block.size());
  block.push_back(0);
  EXPECT_THROW(store.put(block), std::invalid_argument);
  const auto refused = store.put_block(Cid::of(block), block);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.problem().position, identity::unixfs::kMaxBlockBytes);
  EXPECT_THROW(ContentStore(folder / "store", {.max_bytes = 0}), std::invalid_argument);
}

TEST(ContentStore, AChangedByteIsAnErrorAndTheBlockCanBePutAgain) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = store.put(bytes_of("a block"));
  write_text(place(store, cid), "a blocj");
  const std::string message = store_error([&] { store.get(cid); });
  EXPECT_NE(message.find(place(store, cid).string()), std::string::npos) << message;
  EXPECT_NE(message.find("damaged"), std::string::npos) << message;
  EXPECT_TRUE(std::filesystem::exists(store.path() / "damaged" / cid.text()));
  EXPECT_EQ(store.get(cid), std::nullopt);
  EXPECT_EQ(store.blocks(), 0U);
  store.put(bytes_of("a block"));
  EXPECT_EQ(store.get(cid), bytes("a block"));
  EXPECT_EQ(store.bytes(), 7U);
}

TEST(ContentStore, PuttingAgainRepairsADamagedBlock) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = store.put(bytes_of("a block"));
  for (const std::string_view wrong : {"", "a bloc", "a block and more", "A block"}) {
    write_text(place(store, cid), wrong);
    store.put(bytes_of("a block"));
    EXPECT_EQ(store.get(cid), bytes("a block")) << wrong;
  }
  EXPECT_EQ(store.verify().blocks, 1U);
  EXPECT_EQ(store.bytes(), 7U);
}

TEST(ContentStore, LinksPipesAndFoldersInABlocksPlaceAreNotRead) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  write_text(folder / "secret", "a block");
  const Cid cid = store.put(bytes_of("a block"));
  const auto file = place(store, cid);
  const auto plant = {
      +[](const std::filesystem::path& at) { std::filesystem::create_symlink("../../../secret", at); },
      +[](const std::filesystem::path& at) { ASSERT_EQ(mkfifo(at.c_str(), 0666), 0); },
      +[](const std::filesystem::path& at) { std::filesystem::create_directory(at); },
  };
  for (const auto& put_in_place : plant) {
    std::filesystem::remove(file);
    put_in_place(file);
    EXPECT_FALSE(store.has(cid));
    EXPECT_TRUE(store.list().empty());
    EXPECT_NE(store_error([&] { store.get(cid); }).find(file.string()), std::string::npos);
    EXPECT_EQ(store.get(cid), std::nullopt);
    std::filesystem::remove_all(store.path() / "damaged" / cid.text());
    store.put(bytes_of("a block"));
    EXPECT_EQ(store.get(cid), bytes("a block"));
  }
  std::ifstream secret(folder / "secret");
  EXPECT_EQ((std::stringstream() << secret.rdbuf()).str(), "a block");
}

TEST(ContentStore, FoldersThatAreLinksAreNotFollowed) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = Cid::of(bytes_of("a block"));
  std::filesystem::create_directory(folder / "outside");
  std::filesystem::create_directory_symlink(folder / "outside", place(store, cid).parent_path());
  EXPECT_NE(store_error([&] { store.put(bytes_of("a block")); }).find("symbolic link"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "outside"));

  std::filesystem::create_directory(folder / "other");
  std::filesystem::create_directory_symlink(folder / "outside", folder / "other" / "blocks");
  EXPECT_NE(store_error([&] { ContentStore other(folder / "other"); }).find("symbolic link"),
            std::string::npos);
  write_text(folder / "victim", "kept");
  std::filesystem::remove(store.path() / "usage");
  std::filesystem::create_symlink(folder / "victim", store.path() / "usage");
  EXPECT_NE(store_error([&] { ContentStore again(folder / "store"); }).find("symbolic link"),
            std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(folder / "victim"), 4U);
}

TEST(ContentStore, ForeignNamesAreNoBlocks) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid cid = store.put(bytes_of("a block"));
  const auto shard = place(store, cid).parent_path();
  std::string upper = cid.text();
  upper[5] = static_cast<char>(upper[5] ^ 0x20);
  for (const std::string& name :
       {std::string("README"), std::string(".hidden"), cid.text() + "x", upper, std::string("bafkqaaa")}) {
    write_text(shard / name, "foreign");
  }
  write_text(store.path() / "blocks" / "zz" / cid.text(), "a block");  // in another block's folder
  write_text(store.path() / "blocks" / "notes" / "x", "foreign");
  write_text(store.path() / "tmp" / "notes", "foreign");
  write_text(store.path() / "pins" / "notes", "foreign");
  std::filesystem::create_symlink("notes", store.path() / "pins" / Cid::of(bytes_of("p")).text());
  ContentStore again(folder / "store");
  EXPECT_EQ(again.list(), std::vector{cid});
  EXPECT_TRUE(again.pins().empty());
  EXPECT_EQ(again.verify().blocks, 1U);
  EXPECT_EQ(again.blocks(), 1U);
  EXPECT_TRUE(std::filesystem::exists(again.path() / "tmp" / "notes"));
}

TEST(ContentStore, TheUsageIsCountedAgainWhereItIsNotCertain) {
  const TemporaryFolder folder;
  const auto usage = folder / "store" / "usage";
  ContentStore store(folder / "store");
  store.put(bytes_of("one"));
  store.put(bytes_of("three"));
  std::stringstream text;
  text << std::ifstream(usage).rdbuf();
  for (const std::string& wrong :
       {std::string(), "?" + text.str().substr(1), text.str().substr(0, 40), std::string(4096, '9'),
        std::string("idn-content 1 99999999999999999999999 1 1 boot"), std::string(128, '\0')}) {
    write_text(usage, wrong);
    EXPECT_EQ(store.blocks(), 2U) << wrong;
    EXPECT_EQ(store.bytes(), 8U) << wrong;
  }
  std::filesystem::remove(usage);
  EXPECT_EQ(ContentStore(folder / "store").bytes(), 8U);
}

TEST(ContentStore, WhatDeadWritersLeftIsRemovedAndLiveOnesAreLeftAlone) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  write_text(store.path() / "tmp" / "idn-0123456789abcdef.block", "half a bl");
  write_text(store.path() / "tmp" / "idn-0123456789abcdef.lease", "b");
  const content::ContentFolder writer(folder / "store", true);
  EXPECT_TRUE(std::filesystem::is_empty(store.path() / "tmp"));
  const auto block = writer.prepare(bytes_of("being written"));
  const ContentStore again(folder / "store");
  EXPECT_FALSE(std::filesystem::is_empty(store.path() / "tmp"));
}

TEST(ContentStore, AStoreThatIsNotThereIsMadeOnlyIfAskedFor) {
  const TemporaryFolder folder;
  EXPECT_NE(store_error([&] { ContentStore(folder / "none", {.create = false}); }).find("none"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  EXPECT_NE(store_error([&] { ContentStore(folder.path(), {.create = false}); }).find("no content store"),
            std::string::npos);
  write_text(folder / "file", "");
  EXPECT_NE(store_error([&] { ContentStore(folder / "file"); }).find("file"), std::string::npos);
  EXPECT_TRUE(ContentStore(folder / "deep" / "er").list().empty());
}

TEST(ContentStore, VerifyFindsDamageAndWhatPinsMiss) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid good = store.put(bytes_of("good"));
  const Cid bad = store.put(bytes_of("bad"), Codec::kRaw, true);
  write_text(place(store, bad), "bat");
  std::uint64_t told = 0;
  const ContentCheck check = store.verify([&](std::uint64_t done, std::uint64_t) { told = done; });
  EXPECT_EQ(check.blocks, 1U);
  EXPECT_EQ(check.bytes, 4U);
  EXPECT_EQ(told, 4U);
  ASSERT_EQ(check.damaged.size(), 1U);
  EXPECT_EQ(check.damaged[0].cid, bad);
  EXPECT_EQ(check.missing, std::vector{bad});
  EXPECT_TRUE(store.has(good));
  EXPECT_EQ(store.blocks(), 1U);
}

TEST(ContentStore, VerifyFindsWhatIsNoBlockInABlocksPlace) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  std::vector<Cid> cids;
  for (const std::string_view text : {"grown", "link", "pipe", "folder"})
    cids.push_back(store.put(bytes_of(text), Codec::kRaw, true));
  std::filesystem::resize_file(place(store, cids[0]), 5'000'000);
  for (std::size_t i = 1; i < 4; ++i) std::filesystem::remove(place(store, cids[i]));
  std::filesystem::create_symlink("nowhere", place(store, cids[1]));
  ASSERT_EQ(mkfifo(place(store, cids[2]).c_str(), 0666), 0);
  std::filesystem::create_directory(place(store, cids[3]));
  const ContentCheck check = store.verify();
  EXPECT_EQ(check.damaged.size(), 4U);
  EXPECT_EQ(check.missing.size(), 4U);
  EXPECT_EQ(check.blocks, 0U);
  for (const Cid& cid : cids) {
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(place(store, cid))));
    EXPECT_TRUE(
        std::filesystem::exists(std::filesystem::symlink_status(store.path() / "damaged" / cid.text())));
  }
  EXPECT_TRUE(store.verify().damaged.empty());
}

TEST(ContentStore, MessagesAreTextWhateverThePath) {
  const TemporaryFolder folder;
  ContentStore store(folder / "\xff");
  const Cid cid = store.put(bytes_of("a block"));
  write_text(place(store, cid), "a blocj");
  const std::string message = store_error([&] { store.get(cid); });
  EXPECT_NE(message.find("moved to '"), std::string::npos) << message;
  EXPECT_TRUE(is_utf8(message)) << message;
  store.put(bytes_of("a block"));
  write_text(place(store, cid), "a blocj");
  EXPECT_TRUE(is_utf8(store.verify().damaged.at(0).reason));
}

}  // namespace
}  // namespace idn::store
