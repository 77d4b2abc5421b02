#include "idn/identity/multiformats/varint.h"

#include <stdexcept>
#include <string>

namespace idn::identity::varint {
namespace {

constexpr std::uint8_t kMore = 0x80;
constexpr unsigned kBits = 7;

}  // namespace

void append(Bytes& out, std::uint64_t value) {
  if (value > kMaxValue) {
    throw std::invalid_argument("varint: " + std::to_string(value) + " is above 2^63 - 1.");
  }
  while (value >= kMore) {
    out.push_back(static_cast<std::uint8_t>(value) | kMore);
    value >>= kBits;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

Result<Read> read(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t index = 0; index < kMaxBytes; ++index) {
    if (index == bytes.size()) return Problem{index, "the number is cut off"};
    const std::uint8_t byte = bytes[index];
    value |= std::uint64_t{byte & 0x7fU} << (kBits * index);
    if (byte >= kMore) continue;
    if (byte == 0 && index > 0) return Problem{index, "the number is not in its shortest form"};
    return Read{value, index + 1};
  }
  return Problem{kMaxBytes - 1, "the number takes more than 9 bytes"};
}

}  // namespace idn::identity::varint
