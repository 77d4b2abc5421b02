#include "idn/store/chunk.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>
#include <string>

namespace idn::store {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

Bytes deflated(const Bytes& bytes) {
  uLongf size = compressBound(bytes.size());
  Bytes out(size);
  EXPECT_EQ(compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                      reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9),
            Z_OK);
  out.resize(size);
  return out;
}

Bytes checksummed(Bytes bytes) {
  const std::uint32_t sum = fletcher32(bytes);
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<std::byte>(sum >> (8 * i)));
  return bytes;
}

TEST(Fletcher32, IsTheTextbookSumOverWords) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 719U, 720U, 721U, 5000U}) {
    const Bytes bytes = random_bytes(size, 1);
    std::uint64_t sum1 = 0;
    std::uint64_t sum2 = 0;
    for (std::size_t i = 0; i < size; i += 2) {
      const auto low = i + 1 < size ? std::to_integer<std::uint64_t>(bytes[i + 1]) : 0;
      sum1 = (sum1 + std::to_integer<std::uint64_t>(bytes[i]) * 256 + low) % 65535;
      sum2 = (sum2 + sum1) % 65535;
    }
    const std::uint32_t sum = fletcher32(bytes);
    // Folding keeps 65535 where the remainder would be 0.
    EXPECT_EQ((sum & 0xFFFFU) % 65535, sum1) << size;
    EXPECT_EQ((sum >> 16U) % 65535, sum2) << size;
  }
}

TEST(Chunk, IsDecodedThroughAnyOrderOfFilters) {
  const Bytes items = random_bytes(24 * 8, 2);
  Bytes shuffled(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) shuffled[i % 8 * 24 + i / 8] = items[i];
  Bytes out;
  const Filter ours[] = {Filter::kShuffle, Filter::kDeflate, Filter::kFletcher32};
  EXPECT_EQ(decode_chunk(checksummed(deflated(shuffled)), ours, 8, items.size(), out), nullptr);
  EXPECT_EQ(out, items);
  const Filter other[] = {Filter::kShuffle, Filter::kFletcher32, Filter::kDeflate};
  EXPECT_EQ(decode_chunk(deflated(checksummed(shuffled)), other, 8, items.size(), out), nullptr);
  EXPECT_EQ(out, items);
  EXPECT_EQ(decode_chunk(items, {}, 8, items.size(), out), nullptr);
  EXPECT_EQ(out, items);
}

TEST(Chunk, ThatInflatesToMoreOrLessThanItsSizeIsRefused) {
  const Filter filters[] = {Filter::kDeflate};
  Bytes out;
  for (const std::size_t size : {0U, 99U, 101U, 1U << 26U}) {
    EXPECT_NE(decode_chunk(deflated(Bytes(size)), filters, 1, 100, out), nullptr) << size;
    EXPECT_LE(out.capacity(), std::size_t{1} << 17U) << "the bomb was inflated";
  }
}

TEST(Chunk, ThatIsTooShortForItsChecksumIsRefused) {
  const Filter filters[] = {Filter::kFletcher32};
  Bytes out;
  for (std::size_t size = 0; size < 4; ++size)
    EXPECT_NE(decode_chunk(Bytes(size), filters, 1, 0, out), nullptr);
}

TEST(Chunk, WithAnyBitFlippedIsRefused) {
  const Filter filters[] = {Filter::kFletcher32};
  const Bytes stored = checksummed(random_bytes(200, 3));
  Bytes out;
  ASSERT_EQ(decode_chunk(stored, filters, 1, 200, out), nullptr);
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    Bytes damaged = stored;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_NE(decode_chunk(damaged, filters, 1, 200, out), nullptr) << bit;
  }
}

// The slow reference: every item by its coordinates.
void place_slowly(const Bytes& chunk, const std::vector<std::size_t>& chunk_shape,
                  const std::vector<std::size_t>& offset, const std::vector<std::size_t>& shape,
                  Bytes& array) {
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    std::size_t rest = i;
    std::size_t to = 0;
    std::size_t stride = 1;
    bool inside = true;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      const std::size_t at = offset[axis] + rest % chunk_shape[axis];
      rest /= chunk_shape[axis];
      inside = inside && at < shape[axis];
      to += at * stride;
      stride *= shape[axis];
    }
    if (inside) array[to] = chunk[i];
  }
}

TEST(Chunk, LandsWhereItsCoordinatesSay) {
  std::mt19937 random(4);
  for (int round = 0; round < 500; ++round) {
    const std::size_t rank = 1 + random() % 4;
    std::vector<std::size_t> shape(rank);
    std::vector<std::size_t> chunk(rank);
    std::vector<std::size_t> offset(rank);
    std::size_t items = 1;
    std::size_t chunk_items = 1;
    for (std::size_t i = 0; i < rank; ++i) {
      shape[i] = 1 + random() % 6;
      chunk[i] = random() % 3 == 0 ? shape[i] : 1 + random() % 7;
      offset[i] = random() % ((shape[i] + chunk[i] - 1) / chunk[i]) * chunk[i];
      items *= shape[i];
      chunk_items *= chunk[i];
    }
    const Bytes bytes = random_bytes(chunk_items, static_cast<unsigned>(round));
    Bytes expected(items);
    place_slowly(bytes, chunk, offset, shape, expected);
    Bytes array(items);
    place_chunk(bytes, chunk, offset, shape, 1, array);
    EXPECT_EQ(array, expected) << "round " << round;
  }
}

TEST(ChunkShape, StaysNearAMegabyteAndWithinTheArray) {
  for (const std::vector<std::size_t>& shape : std::vector<std::vector<std::size_t>>{
           {1}, {10'000'000}, {50'000, 3, 32, 32}, {1, 3'000'000}, {2, 5000, 7000}, {1797, 1, 8, 8}}) {
    const auto chunk = chunk_shape(shape, 8, false);
    std::size_t bytes = 8;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      EXPECT_GE(chunk[i], 1U);
      EXPECT_LE(chunk[i], shape[i]);
      bytes *= chunk[i];
    }
    EXPECT_LE(bytes, std::size_t{1} << 20U);
  }
  EXPECT_EQ(chunk_shape(std::vector<std::size_t>{1, 3, 10}, 4, true)[0], (std::size_t{1} << 18U) / 120)
      << "a growing array's chunk does not depend on the first batch";
}

}  // namespace
}  // namespace idn::store
