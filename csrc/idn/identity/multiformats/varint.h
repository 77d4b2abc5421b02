#pragma once

#include <cstddef>
#include <cstdint>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity::varint {

/// The longest encoding, in bytes, and the greatest number it holds: 2^63 - 1 (multiformats' unsigned
/// varint).
inline constexpr std::size_t kMaxBytes = 9;
inline constexpr std::uint64_t kMaxValue = (std::uint64_t{1} << 63) - 1;

/// Appends the shortest encoding. Throws std::invalid_argument above kMaxValue.
void append(Bytes& out, std::uint64_t value);

/// A number read, and how many bytes it took.
struct Read {
  std::uint64_t value = 0;
  std::size_t size = 0;
};

/// Reads the number at the start of bytes; refuses what is cut off, too long or not the shortest encoding.
Result<Read> read(ByteView bytes);

}  // namespace idn::identity::varint
