#include "idn/store/npy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include "idn/core/error.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

// Written by numpy 2.4 with numpy.save, and numpy.lib.format.write_array for other versions.
std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(IDN_TEST_DATA) / "npy" / (name + ".npy");
}

NpyArray read(const std::string& name) { return read_npy(data(name)).or_throw(name); }

template <class T>
std::vector<T> items(const NpyArray& array) {
  std::vector<T> found(array.data.size() / sizeof(T));
  std::memcpy(found.data(), array.data.data(), array.data.size());
  return found;
}

using Sizes = std::vector<std::int64_t>;

TEST(Npy, ReadsWhatNumpyWrites) {
  EXPECT_EQ(read("float32").info, (NpyInfo{NpyType::kFloat32, Sizes{2, 3}}));
  EXPECT_EQ(items<float>(read("float32")), (std::vector{0.F, .25F, .5F, .75F, 1.F, 1.25F}));
  EXPECT_EQ(read("float16").info, (NpyInfo{NpyType::kFloat16, Sizes{2}}));
  EXPECT_EQ(items<std::uint16_t>(read("float16")), (std::vector<std::uint16_t>{0x3800, 0xC000}));
  EXPECT_EQ(read("int64_scalar").info, (NpyInfo{NpyType::kInt64, {}}));
  EXPECT_EQ(items<std::int64_t>(read("int64_scalar")), Sizes{-7});
  EXPECT_EQ(read("int32").info, (NpyInfo{NpyType::kInt32, Sizes{2, 2, 2}}));
  EXPECT_EQ(read("uint8_empty").info, (NpyInfo{NpyType::kUint8, Sizes{0, 3}}));
  EXPECT_EQ(read("bool").data, (Bytes{1, 0, 1}));
  for (const char* name : {"version2", "version3"})
    EXPECT_EQ(items<float>(read(name)), (std::vector{0.F, 1.F, 2.F})) << name;
}

TEST(Npy, WritesTheBytesThatNumpyReadsAsTheSameArray) {
  const TemporaryFolder folder;
  for (const char* name : {"float32", "float16", "int64_scalar", "int32", "uint8_empty", "bool"}) {
    const NpyArray array = read(name);
    write_npy(folder / "a.npy", array.info, array.data);
    const NpyArray again = read_npy(folder / "a.npy").or_throw(name);
    EXPECT_EQ(again.info, array.info);
    EXPECT_EQ(again.data, array.data);
  }
  EXPECT_EQ(npy_header({NpyType::kFloat32, Sizes{2, 3}}).size(), 128U);
  EXPECT_EQ(text_of(npy_header({NpyType::kInt64, Sizes{7}})).substr(10, 54),
            "{'descr': '<i8', 'fortran_order': False, 'shape': (7,)");
  EXPECT_THROW(write_npy(folder / "b.npy", {NpyType::kInt32, Sizes{2}}, Bytes(7)), std::invalid_argument);
  EXPECT_THROW(write_npy(folder / "b.npy", {NpyType::kBool, Sizes{1}}, Bytes{2}), std::invalid_argument);
  EXPECT_THROW(write_npy(folder / "b.npy", {NpyType::kBool, Sizes{-1}}, Bytes{}), std::invalid_argument);
  EXPECT_THROW(write_npy(folder / "no" / "b.npy", {NpyType::kBool, Sizes{0}}, Bytes{}), StoreError);
  EXPECT_EQ(folder.files(), 1U);
}

TEST(Npy, ReadsAPartAsItStandsInTheWhole) {
  const auto reader = NpyReader::open(data("float32"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->info(), read("float32").info);
  const Bytes whole = read("float32").data;
  for (std::size_t from = 0; from <= whole.size(); ++from) {
    Bytes part(whole.size() - from);
    EXPECT_EQ(reader->read(from, part), std::nullopt);
    EXPECT_TRUE(std::ranges::equal(part, ByteView(whole).subspan(from)));
  }
  Bytes beyond(1);
  EXPECT_THROW((void)reader->read(whole.size(), beyond), std::invalid_argument);
  EXPECT_EQ(NpyReader::open(data("float64")).problem(), read_npy(data("float64")).problem());
}

TEST(Npy, FindsAFileThatIsCutOffAfterItWasOpened) {
  const TemporaryFolder folder;
  write_npy(folder / "a.npy", {NpyType::kUint8, Sizes{8}}, Bytes(8));
  const auto reader = NpyReader::open(folder / "a.npy");
  ASSERT_TRUE(reader);
  std::filesystem::resize_file(folder / "a.npy", 128 + 5);
  Bytes part(4);
  EXPECT_EQ(reader->read(0, part), std::nullopt);
  EXPECT_EQ(reader->read(4, part), (Problem{133, "the file was cut off while it was read"}));
}

Bytes with_header(const std::string& text, std::size_t data_bytes = 8) {
  std::string whole = std::string("\x93NUMPY\x01", 7) + std::string(1, '\0');
  whole += static_cast<char>(text.size() & 0xFFU);
  whole += static_cast<char>(text.size() >> 8U);
  whole += text + std::string(data_bytes, '\0');
  const ByteView bytes = bytes_of(whole);
  return {bytes.begin(), bytes.end()};
}

std::string refused(const Bytes& bytes, std::uint64_t most = kMostNpyBytes) {
  const auto read = npy_from_bytes(bytes, most);
  return read ? "" : to_string(read.problem());
}

std::string refused(const std::string& text) { return refused(with_header(text)); }

TEST(Npy, RefusesOtherArraysTellingWhatToDo) {
  EXPECT_EQ(read_npy(data("fortran")).problem().reason,
            "the array is in Fortran order; save numpy.ascontiguousarray(array) instead");
  EXPECT_EQ(read_npy(data("big_endian")).problem().reason,
            "the items are '>f4', big-endian; expected little-endian ones");
  EXPECT_EQ(read_npy(data("float64")).problem().reason,
            "the items are '<f8', expected one of float32, float16, int64, int32, uint8, bool; convert with "
            "array.astype");
  EXPECT_EQ(read_npy(data("float32"), 23).problem().reason,
            "the array takes 24 bytes, above the limit of 23");
  EXPECT_THROW((void)read_npy(data("missing")), StoreError);
  EXPECT_THROW((void)read_npy(std::filesystem::path(IDN_TEST_DATA)), StoreError);
}

TEST(Npy, RefusesHeadersThatNumpyDoesNotWrite) {
  const std::string right = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n";
  EXPECT_EQ(refused(right), "");
  EXPECT_EQ(refused("{'shape': (1, 2), \"fortran_order\": False, 'descr': '<f4'}"), "");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False}"),
            "at byte 50: the header lacks one of descr, fortran_order and shape");
  EXPECT_EQ(refused("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}"),
            "at byte 27: 'descr' is not one of descr, fortran_order and shape, each once");
  EXPECT_EQ(refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"),
            "at byte 20: the items are of several fields, expected plain numbers");
  EXPECT_EQ(refused("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}").substr(0, 33),
            "at byte 20: the items are '|O', e");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2)}"),
            "at byte 62: expected ',' in the shape");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"),
            "at byte 61: expected a whole number in the shape");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
            "at byte 61: a size of the shape is out of range");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"),
            "at byte 10: the shape has more items than can be counted");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + system()"),
            "at byte 66: something follows the dictionary of the header");
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"),
            "at byte 65: the array takes 12 bytes, and 8 follow the header");
  EXPECT_EQ(refused("{'descr': '<f4"), "at byte 20: a text of the header has no end");
  std::string sizes;
  for (int k = 0; k < 33; ++k) sizes += "1,";
  EXPECT_EQ(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (" + sizes + ")}"),
            "at byte 125: the shape has more than 32 sizes");
  EXPECT_EQ(refused("{'descr': '|b1', 'fortran_order': False, 'shape': (8,)}"), "");
  Bytes bools = with_header("{'descr': '|b1', 'fortran_order': False, 'shape': (8,)}");
  bools.back() = 2;
  EXPECT_EQ(refused(bools), "at byte 72: a bool is 2, neither 0 nor 1");
  Bytes future = with_header(right);
  future[6] = 4;
  EXPECT_EQ(refused(future), "at byte 6: format 4.0 is not known, only 1.0 to 3.0");
  EXPECT_EQ(refused(Bytes{1, 2, 3}), "at byte 0: it does not begin as a .npy file does");
}

TEST(Npy, ReadsOrRefusesWhateverIsThere) {
  std::mt19937 random(3);
  const Bytes right = with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n");
  for (std::size_t length = 0; length < right.size(); ++length)
    EXPECT_NE(refused(Bytes(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(length))), "");
  std::size_t taken = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    Bytes changed = right;
    for (unsigned times = 1 + random() % 4; times > 0; --times)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const auto read = npy_from_bytes(changed);
    if (!read) continue;
    ++taken;
    EXPECT_EQ(read->data.size(), read->info.bytes());
  }
  EXPECT_GT(taken, 100U);  // those changed in their items
}

}  // namespace
}  // namespace idn::store
