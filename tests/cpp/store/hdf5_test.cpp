#include "idn/store/hdf5.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>
#include <numeric>
#include <random>
#include <thread>

#include "idn/core/error.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

Bytes read_all(Reader& reader, const std::string& name) {
  Bytes items(byte_count(reader.info(name)));
  reader.read(name, items);
  return items;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A small file with a fixed array, a growing one and a text.
void write_small(const std::filesystem::path& path, const Bytes& items) {
  Writer writer(path, "dataset", {{"source", "a test"}});
  writer.write("a", {DType::kUint8, {items.size()}}, items);
  writer.append("group/b", {DType::kInt32, {items.size() / 8, 2}}, items);
  writer.commit();
}

/// Whether a damaged file is refused; if not, it must read as before.
bool refused(const std::filesystem::path& path, const Bytes& items) {
  try {
    Reader reader(path);
    EXPECT_EQ(reader.names(), (std::vector<std::string>{"a", "group/b"}));
    EXPECT_EQ(reader.attributes(), (Attributes{{"source", "a test"}}));
    EXPECT_EQ(read_all(reader, "a"), items);
    EXPECT_EQ(read_all(reader, "group/b"), items);
    return false;
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    return true;
  }
}

TEST(Store, ArraysOfEveryTypeComeBackAsTheyWere) {
  const TemporaryFolder folder;
  const std::vector<std::vector<std::size_t>> shapes{{1}, {3, 5}, {2, 3, 4, 5}, {0}, {4, 0}, {300, 1000}};
  for (const DType dtype : {DType::kUint8, DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64}) {
    Writer writer(folder / "f.h5", "dataset");
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const ArrayInfo info{dtype, shapes[i]};
      writer.write("group/" + std::to_string(i), info,
                   random_bytes(byte_count(info), static_cast<unsigned>(i)));
    }
    writer.commit();
    Reader reader(folder / "f.h5");
    EXPECT_EQ(reader.format(), "dataset");
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const std::string name = "group/" + std::to_string(i);
      const ArrayInfo info{dtype, shapes[i]};
      EXPECT_EQ(reader.info(name), info);
      EXPECT_EQ(read_all(reader, name), random_bytes(byte_count(info), static_cast<unsigned>(i)));
    }
  }
}

TEST(Store, RowsAppendedOverManyChunksComeBackJoined) {
  const TemporaryFolder folder;
  const Bytes items = random_bytes(8 * 3 * 50'000, 1);
  Writer writer(folder / "f.h5", "dataset");
  for (std::size_t row = 0; row < 50'000;) {
    const std::size_t rows = std::min<std::size_t>(50'000 - row, 1 + row % 997 * 3);
    writer.append("x", {DType::kInt64, {rows, 3}}, std::span(items).subspan(row * 24, rows * 24));
    row += rows;
  }
  writer.commit();
  Reader reader(folder / "f.h5");
  EXPECT_EQ(reader.info("x"), (ArrayInfo{DType::kInt64, {50'000, 3}}));
  EXPECT_EQ(read_all(reader, "x"), items);
}

TEST(Store, TheSameArraysGiveTheSameBytes) {
  const TemporaryFolder folder;
  write_small(folder / "1.h5", random_bytes(64, 1));
  write_small(folder / "2.h5", random_bytes(64, 1));
  const std::string bytes = contents(folder / "1.h5");
  EXPECT_TRUE(bytes == contents(folder / "2.h5"));
  // Two files of one second would be the same even with times in them: bit 5 of a header's flags says that it
  // has some.
  std::size_t headers = 0;
  for (std::size_t at = bytes.find("OHDR"); at != std::string::npos;
       at = bytes.find("OHDR", at + 1), ++headers) {
    EXPECT_EQ(bytes[at + 5] & 0x20, 0) << "the header at " << at;
  }
  EXPECT_EQ(headers, 4U) << "the root, a group and two arrays";
}

TEST(Store, TextsMayBeLongAndEmptyAndOfAnyScript) {
  const TemporaryFolder folder;
  const Attributes attributes{{"empty", ""}, {"long", std::string(500'000, 'x')}, {"schrift", "größer 数字"}};
  Writer(folder / "f.h5", "dataset", attributes).commit();
  EXPECT_EQ(Reader(folder / "f.h5").attributes(), attributes);
}

TEST(Store, WhatIsNotCommittedLeavesNothingAndWhatWasThereStays) {
  const TemporaryFolder folder;
  put(folder / "f.h5", "old");
  {
    Writer writer(folder / "f.h5", "dataset");
    writer.write("x", {DType::kUint8, {1000}}, random_bytes(1000, 1));
    EXPECT_EQ(folder.files(), 2U);
  }
  EXPECT_EQ(folder.files(), 1U);
  EXPECT_EQ(contents(folder / "f.h5"), "old");
}

TEST(Store, ASymbolicLinkStaysAndTheFileBehindItIsReplaced) {
  const TemporaryFolder folder;
  put(folder / "real.h5", "old");
  std::filesystem::create_symlink("real.h5", folder / "link.h5");
  Writer(folder / "link.h5", "dataset").commit();
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.h5"));
  EXPECT_EQ(Reader(folder / "real.h5").format(), "dataset");
}

TEST(Store, AFileCutAnywhereIsAnError) {
  const TemporaryFolder folder;
  const Bytes items = random_bytes(64, 2);
  write_small(folder / "whole.h5", items);
  ASSERT_FALSE(refused(folder / "whole.h5", items));
  for (std::size_t size = contents(folder / "whole.h5").size(); size-- > 0;) {
    std::filesystem::resize_file(folder / "whole.h5", size);
    EXPECT_TRUE(refused(folder / "whole.h5", items)) << "cut to " << size;
  }
}

TEST(Store, AFlippedBitIsAnErrorOrLiesWhereNothingIsKept) {
  const TemporaryFolder folder;
  const Bytes items = random_bytes(64, 3);
  write_small(folder / "f.h5", items);
  const std::string whole = contents(folder / "f.h5");
  std::fstream file(folder / "f.h5", std::ios::in | std::ios::out | std::ios::binary);
  const auto set = [&](std::size_t at, int byte) {
    file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
  };
  std::size_t caught = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    set(at, whole[at] ^ (1 << at % 8));
    caught += refused(folder / "f.h5", items) ? 1 : 0;
    set(at, whole[at]);
  }
  EXPECT_FALSE(refused(folder / "f.h5", items));
  // The rest is free space between the pieces.
  EXPECT_GT(caught, whole.size() / 4) << whole.size();
}

TEST(Store, WhatIsNoFileOfOursIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  put(folder / "empty", "");
  put(folder / "text", "these are not the bytes you are looking for\n");
  put(folder / "head", "\x89HDF\r\n\x1a\n");
  std::filesystem::create_directory(folder / "folder");
  for (const char* name : {"missing", "empty", "text", "head", "folder"}) {
    try {
      Reader reader(folder / name);
      ADD_FAILURE() << name;
    } catch (const StoreError& error) {
      EXPECT_NE(std::string(error.what()).find((folder / name).string()), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(Reader("/dev/null"), StoreError);
}

TEST(Store, WhereNoFileCanBeWrittenIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THROW(Writer(folder / "missing/f.h5", "dataset"), StoreError);
  EXPECT_THROW(Writer(folder.path(), "dataset"), StoreError);
  EXPECT_THROW(Writer("/dev/null", "dataset"), StoreError);
  EXPECT_EQ(folder.files(), 0U);
}

TEST(Store, WrongArgumentsAreTheCallersMistake) {
  const TemporaryFolder folder;
  Writer writer(folder / "f.h5", "dataset");
  const Bytes items(8);
  const ArrayInfo eight{DType::kUint8, {8}};
  const std::string with_nul("a\0b", 3);
  for (const std::string& name :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("../a"),
        std::string("a/./b"), std::string("\xff"), with_nul, std::string(256, 'a')}) {
    EXPECT_THROW(writer.write(name, eight, items), std::invalid_argument) << name;
  }
  EXPECT_THROW(writer.write("a", {DType::kUint8, {7}}, items), std::invalid_argument);
  EXPECT_THROW(writer.write("a", {DType::kInt64, {}}, items), std::invalid_argument);
  EXPECT_THROW(writer.write("a", {DType::kUint8, std::vector<std::size_t>(9, 1)}, items),
               std::invalid_argument);
  EXPECT_THROW(writer.write("a", {DType::kInt64, {std::size_t{1} << 32U, std::size_t{1} << 32U}}, items),
               std::invalid_argument);
  writer.write("g/a", eight, items);
  EXPECT_THROW(writer.write("g/a", eight, items), std::invalid_argument);
  EXPECT_THROW(writer.write("g", eight, items), std::invalid_argument);
  EXPECT_THROW(writer.write("g/a/b", eight, items), std::invalid_argument);
  writer.append("rows", {DType::kUint8, {2, 4}}, items);
  EXPECT_THROW(writer.append("rows", {DType::kUint8, {4, 2}}, items), std::invalid_argument);
  EXPECT_THROW(writer.append("rows", {DType::kInt32, {2, 1}}, items), std::invalid_argument);
  EXPECT_THROW(writer.append("g/a", eight, items), std::invalid_argument);
  writer.commit();
  EXPECT_THROW(writer.write("b", eight, items), std::invalid_argument);
  EXPECT_THROW(writer.commit(), std::invalid_argument);
  Reader reader(folder / "f.h5");
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"g/a", "rows"}));
  Bytes wrong(7);
  EXPECT_THROW(reader.read("g/a", wrong), std::invalid_argument);
  EXPECT_THROW(Writer(folder / "n.h5", "dataset", {{"idn_format", "x"}}), std::invalid_argument);
  EXPECT_THROW(Writer(folder / "n.h5", "dataset", {{"a", "\xc3"}}), std::invalid_argument);
  EXPECT_EQ(folder.files(), 1U);
}

TEST(Store, NamesThatAreNotThereAreAnError) {
  const TemporaryFolder folder;
  write_small(folder / "f.h5", random_bytes(64, 1));
  const Reader reader(folder / "f.h5");
  for (const char* name : {"", "/", "b", "group", "group/", "group/c", "a/b", "/a", "./a", "group/../a"}) {
    EXPECT_THROW(reader.info(name), StoreError) << name;
  }
}

TEST(Store, NoMoreIsReadThanTheLimitAllows) {
  const TemporaryFolder folder;
  write_small(folder / "f.h5", random_bytes(64, 1));
  EXPECT_THROW(Reader(folder / "f.h5", {.max_bytes = 63}).info("a"), StoreError);
  Reader reader(folder / "f.h5", {.max_bytes = 100});
  read_all(reader, "a");
  EXPECT_THROW(read_all(reader, "group/b"), StoreError) << "64 bytes are left of none";
}

/// Lets no file of this process grow past a size, as a full disk would.
class FullDisk {
 public:
  explicit FullDisk(std::size_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(Store, ADiskThatFillsAtAnyPointIsAnErrorThatLeavesTheOldFile) {
  const TemporaryFolder folder;
  put(folder / "f.h5", "old");
  const Bytes items = random_bytes(600'000, 4);
  std::size_t written = 0;
  for (std::size_t room = 1; room < 3'000'000; room = room * 3 / 2 + 1) {
    const FullDisk disk(room);
    try {
      Writer writer(folder / "f.h5", "dataset");
      writer.write("a", {DType::kUint8, {items.size()}}, items);
      for (int i = 0; i < 3; ++i) {
        writer.append("group/b", {DType::kInt32, {50'000}}, std::span(items).first(200'000));
      }
      writer.commit();
      ++written;
    } catch (const StoreError& error) {
      EXPECT_NE(std::string(error.what()).find("File too large"), std::string::npos) << error.what();
      ASSERT_EQ(contents(folder / "f.h5"), "old") << room;
    }
    ASSERT_EQ(folder.files(), 1U) << room;
  }
  EXPECT_GT(written, 0U);
  Reader reader(folder / "f.h5");
  EXPECT_EQ(read_all(reader, "a"), items) << "HDF5 works on after all these failures";
}

TEST(Store, ThreadsMayEachUseTheirOwnFile) {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&folder, i] {
      const Bytes items = random_bytes(40'000, i);
      for (int round = 0; round < 5; ++round) {
        write_small(folder / std::to_string(i), items);
        EXPECT_FALSE(refused(folder / std::to_string(i), items));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace idn::store
