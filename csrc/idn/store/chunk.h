#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace idn::store {

/// What a chunk went through on its way to the disk, in order.
enum class Filter : std::uint8_t { kShuffle, kDeflate, kFletcher32 };

/// Undoes the filters of one chunk whose items take `chunk_bytes`; empty on success, else what is wrong.
///
/// HDF5's own code trusts the chunk's bytes: it inflates without bound, and does not compare what comes out
/// with the chunk's size. This takes memory for one chunk, and leaves in `items` exactly that many bytes.
const char* decode_chunk(std::span<const std::byte> stored, std::span<const Filter> filters,
                         std::size_t item_bytes, std::size_t chunk_bytes, std::vector<std::byte>& items);

/// Fletcher's checksum as HDF5 stores it (big-endian 16-bit words, an odd last byte as the high one).
std::uint32_t fletcher32(std::span<const std::byte> bytes);

/// Copies a decoded chunk, in C order, to its place in the whole array; what lies outside the array is
/// padding.
void place_chunk(std::span<const std::byte> chunk, std::span<const std::size_t> chunk_shape,
                 std::span<const std::size_t> offset, std::span<const std::size_t> shape,
                 std::size_t item_bytes, std::span<std::byte> array);

/// The chunk shape for arrays of ours: at most about a megabyte, whole rows where they fit.
///
/// `growing` arrays get smaller chunks of as many rows as fit, whatever the first batch held.
std::vector<std::size_t> chunk_shape(std::span<const std::size_t> shape, std::size_t item_bytes,
                                     bool growing);

}  // namespace idn::store
