#include "idn/store/chunk.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace idn::store {
namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
// Four such chunks fit HDF5's cache, so a growing chunk is compressed once, when it is full.
constexpr std::size_t kGrowingChunkBytes = std::size_t{1} << 18;

const char* remove_checksum(std::vector<std::byte>& bytes) {
  if (bytes.size() < kChecksumBytes) return "a chunk is too short for its checksum";
  const std::size_t size = bytes.size() - kChecksumBytes;
  std::uint32_t stored = 0;
  std::memcpy(&stored, bytes.data() + size, kChecksumBytes);
  bytes.resize(size);
  return stored == fletcher32(bytes) ? nullptr
                                     : "a chunk's checksum does not fit its bytes: the file is damaged";
}

const char* inflate_to(std::vector<std::byte>& bytes, std::size_t size) {
  std::vector<std::byte> inflated(size);
  uLongf length = size;
  const int result = uncompress(reinterpret_cast<Bytef*>(inflated.data()), &length,
                                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (result != Z_OK || length != size) return "a chunk does not inflate to its size: the file is damaged";
  bytes = std::move(inflated);
  return nullptr;
}

/// Shuffled: first the first byte of every item, then the second; a rest smaller than an item stays last.
void unshuffle(std::vector<std::byte>& bytes, std::size_t item_bytes) {
  const std::size_t items = bytes.size() / item_bytes;
  if (item_bytes <= 1 || items <= 1) return;
  std::vector<std::byte> out(bytes);
  for (std::size_t byte = 0; byte < item_bytes; ++byte) {
    const std::byte* from = bytes.data() + byte * items;
    std::byte* to = out.data() + byte;
    for (std::size_t item = 0; item < items; ++item) to[item * item_bytes] = from[item];
  }
  bytes = std::move(out);
}

}  // namespace

std::uint32_t fletcher32(std::span<const std::byte> bytes) {
  const auto fold = [](std::uint32_t sum) { return (sum & 0xFFFFU) + (sum >> 16U); };
  // Sums of this many words cannot overflow 32 bits.
  constexpr std::size_t kWords = 360;
  std::uint32_t sum1 = 0;
  std::uint32_t sum2 = 0;
  std::size_t at = 0;
  while (bytes.size() - at >= 2) {
    const std::size_t words = std::min(kWords, (bytes.size() - at) / 2);
    for (std::size_t i = 0; i < words; ++i, at += 2) {
      sum1 +=
          (std::to_integer<std::uint32_t>(bytes[at]) << 8U) | std::to_integer<std::uint32_t>(bytes[at + 1]);
      sum2 += sum1;
    }
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  if (at < bytes.size()) {
    sum1 += std::to_integer<std::uint32_t>(bytes[at]) << 8U;
    sum2 += sum1;
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  return (fold(sum2) << 16U) | fold(sum1);
}

const char* decode_chunk(std::span<const std::byte> stored, std::span<const Filter> filters,
                         std::size_t item_bytes, std::size_t chunk_bytes, std::vector<std::byte>& items) {
  items.assign(stored.begin(), stored.end());
  for (std::size_t i = filters.size(); i-- > 0;) {
    const char* problem = nullptr;
    switch (filters[i]) {
      case Filter::kFletcher32:
        problem = remove_checksum(items);
        break;
      case Filter::kDeflate: {
        const auto before = filters.first(i);
        const bool checksummed = std::find(before.begin(), before.end(), Filter::kFletcher32) != before.end();
        problem = inflate_to(items, chunk_bytes + (checksummed ? kChecksumBytes : 0));
        break;
      }
      case Filter::kShuffle:
        unshuffle(items, item_bytes);
        break;
    }
    if (problem != nullptr) return problem;
  }
  return items.size() == chunk_bytes ? nullptr
                                     : "a chunk does not have the size it should: the file is damaged";
}

void place_chunk(std::span<const std::byte> chunk, std::span<const std::size_t> chunk_shape,
                 std::span<const std::size_t> offset, std::span<const std::size_t> shape,
                 std::size_t item_bytes, std::span<std::byte> array) {
  const std::size_t rank = shape.size();
  std::vector<std::size_t> extent(rank);
  for (std::size_t i = 0; i < rank; ++i) extent[i] = std::min(chunk_shape[i], shape[i] - offset[i]);

  // Trailing dimensions that chunk and array share whole are one run of bytes.
  std::size_t axis = rank - 1;
  std::size_t run = item_bytes;
  while (axis > 0 && chunk_shape[axis] == shape[axis]) run *= shape[axis--];
  const std::size_t row_bytes = run * extent[axis];

  std::vector<std::size_t> position(axis, 0);
  while (true) {
    std::size_t from = 0;
    std::size_t to = 0;
    for (std::size_t i = 0; i < axis; ++i) {
      from = from * chunk_shape[i] + position[i];
      to = to * shape[i] + offset[i] + position[i];
    }
    std::memcpy(array.data() + (to * shape[axis] + offset[axis]) * run,
                chunk.data() + from * chunk_shape[axis] * run, row_bytes);
    std::size_t i = axis;
    while (i > 0 && ++position[i - 1] == extent[i - 1]) position[--i] = 0;
    if (i == 0) return;
  }
}

std::vector<std::size_t> chunk_shape(std::span<const std::size_t> shape, std::size_t item_bytes,
                                     bool growing) {
  std::vector<std::size_t> chunk(shape.begin(), shape.end());
  std::size_t row_bytes = item_bytes;
  for (std::size_t i = 1; i < chunk.size(); ++i) row_bytes *= chunk[i];
  const std::size_t target = growing ? kGrowingChunkBytes : kChunkBytes;
  if (growing) chunk[0] = std::max<std::size_t>(1, target / row_bytes);
  std::size_t bytes = chunk[0] * row_bytes;
  for (std::size_t& extent : chunk) {
    if (bytes <= target) break;
    const std::size_t rest = bytes / extent;
    extent = std::max<std::size_t>(1, target / rest);
    bytes = rest * extent;
  }
  return chunk;
}

}  // namespace idn::store
