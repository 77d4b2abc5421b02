#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "idn/core/error.h"
#include "idn/identity/multiformats/file_builder.h"
#include "idn/store/content.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

using identity::Cid;

std::string random_text(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& letter : text) letter = static_cast<char>(random());
  return text;
}

std::string read_text(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string store_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error.what();
  }
  return "no StoreError";
}

TEST(ContentFile, AFileComesBackWholeUnderTheCidOfItsBytes) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  for (const std::size_t size : {0U, 1U, 1U << 20, (1U << 20) + 1, 5U << 19}) {
    const std::string text = random_text(size, static_cast<unsigned>(size));
    write_text(folder / "file", text);
    std::uint64_t told = 0;
    const Cid root = store.put_file(folder / "file", false, [&](std::uint64_t done, std::uint64_t total) {
      EXPECT_EQ(total, size);
      told = done;
    });
    EXPECT_EQ(root, identity::unixfs::file_cid(bytes_of(text)));
    EXPECT_EQ(told, size);
    EXPECT_EQ(store.get_file(root, folder / "back"), size);
    EXPECT_TRUE(read_text(folder / "back") == text) << size;
  }
}

TEST(ContentFile, AFileWithAMissingOrDamagedBlockLeavesTheDestinationAsItWas) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  write_text(folder / "file", random_text(3 << 20, 1));
  write_text(folder / "back", "old");
  const Cid root = store.put_file(folder / "file");
  const auto blocks = store.list();
  ASSERT_EQ(blocks.size(), 4U);
  const auto& leaf = *std::ranges::find(blocks, identity::Codec::kRaw, &Cid::codec);
  ASSERT_TRUE(store.remove(leaf));
  EXPECT_NE(store_error([&] { store.get_file(root, folder / "back"); }).find(leaf.text()), std::string::npos);
  EXPECT_EQ(read_text(folder / "back"), "old");
  EXPECT_EQ(folder.files(), 3U) << "nothing else is left";
  store.put_file(folder / "file");
  EXPECT_EQ(store.get_file(root, folder / "back"), std::uint64_t{3} << 20);
}

TEST(ContentFile, WhatIsNoFileIsRefused) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid node = store.put(bytes_of("no node"), identity::Codec::kDagPb);
  EXPECT_NE(store_error([&] { store.get_file(node, folder / "x"); }).find(node.text()), std::string::npos);
  const Cid json = store.put(bytes_of("{}"), identity::Codec::kJson);
  EXPECT_NE(store_error([&] { store.get_file(json, folder / "x"); }).find(json.text()), std::string::npos);
  const Cid absent = Cid::of(bytes_of("absent"));
  EXPECT_NE(store_error([&] { store.get_file(absent, folder / "x"); }).find("not in the store"),
            std::string::npos);
  const Cid raw = store.put(bytes_of("12345"));
  EXPECT_NE(store_error([&] { store.get_file(raw, folder / "x", 4); }), "no StoreError");
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
  EXPECT_NE(store_error([&] { store.put_file(folder / "nothing"); }).find("nothing"), std::string::npos);
  EXPECT_NE(store_error([&] { store.put_file(folder.path()); }).find("not a regular file"),
            std::string::npos);
}

TEST(ContentFile, AFileLargerThanTheDiskIsRefusedAtOnce) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  // A tree of two mebibytes' blocks that says the same chunk is there 2^50 times.
  const Bytes chunk(1 << 20);
  identity::unixfs::FilePart part{store.put(chunk), chunk.size(), chunk.size()};
  while (part.file_bytes < std::uint64_t{1} << 50) {
    const identity::unixfs::FileNode node{std::vector(1024, part)};
    const Bytes block = identity::unixfs::encode(node);
    part = {store.put(block, identity::Codec::kDagPb), node.file_bytes(), node.total_bytes() + block.size()};
  }
  const std::string message = store_error([&] { store.get_file(part.cid, folder / "x"); });
  EXPECT_NE(message.find("are free there"), std::string::npos) << message;
}

TEST(ContentFile, AFileFillsTheLimitWithoutLosingItsOwnBlocks) {
  const TemporaryFolder folder;
  const std::uint64_t limit = (3 << 20) + 1000;
  ContentStore store(folder / "store", {.max_bytes = limit});
  for (unsigned seed = 0; seed < 3; ++seed) {
    write_text(folder / "file", random_text(3 << 20, seed));
    const Cid root = store.put_file(folder / "file");
    EXPECT_EQ(store.get_file(root, folder / "back"), std::uint64_t{3} << 20);
    EXPECT_LE(store.bytes(), limit);
  }
  write_text(folder / "file", random_text((3 << 20) + 1001, 9));
  EXPECT_NE(store_error([&] { store.put_file(folder / "file"); }).find("limit"), std::string::npos);
  EXPECT_EQ(store.blocks(), 4U) << "refused before anything made room for it";
}

TEST(ContentFile, APinnedFileStaysAndProgressMayEndTheWork) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 4 << 20});
  write_text(folder / "file", random_text(2 << 20, 1));
  const Cid root = store.put_file(folder / "file", true);
  write_text(folder / "other", random_text(3 << 20, 2));
  EXPECT_NE(store_error([&] { store.put_file(folder / "other"); }).find("pinned"), std::string::npos);
  EXPECT_THROW(store.put_file(folder / "other", false,
                              [](std::uint64_t, std::uint64_t) { throw std::logic_error("stop"); }),
               std::logic_error);
  EXPECT_TRUE(std::filesystem::is_empty(store.path() / "tmp"));
  EXPECT_EQ(store.pins(), std::vector{root});
  EXPECT_EQ(store.get_file(root, folder / "back"), std::uint64_t{2} << 20);
}

}  // namespace
}  // namespace idn::store
