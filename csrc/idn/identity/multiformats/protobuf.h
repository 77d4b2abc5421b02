#pragma once

#include <cstddef>
#include <cstdint>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity::protobuf {

/// The kinds of field that dag-pb and UnixFS use, as Protocol Buffers number them.
enum class Wire : std::uint8_t { kNumber = 0, kBytes = 2 };

/// What stands before a field: its number, from 1 to 15, and its kind.
constexpr std::uint8_t tag(std::uint8_t field, Wire wire) {
  return static_cast<std::uint8_t>(field << 3 | static_cast<std::uint8_t>(wire));
}

/// Appends a field. Numbers above varint::kMaxValue throw std::invalid_argument.
void append_number(Bytes& out, std::uint8_t field, std::uint64_t value);
void append_bytes(Bytes& out, std::uint8_t field, ByteView value);

/// Reads the fields of a message one after the other, each in the one way in which it is written.
class Reader {
 public:
  /// `start` is where the message begins in the block that positions count from.
  Reader(ByteView message, std::size_t start) : left_(message), position_(start) {}

  [[nodiscard]] bool done() const { return left_.empty(); }

  /// Where the next field begins.
  [[nodiscard]] std::size_t position() const { return position_; }

  /// Whether the next field has this number and kind.
  [[nodiscard]] bool next_is(std::uint8_t field, Wire wire) const;

  /// The value of the next field, which must be of that kind (next_is).
  Result<std::uint64_t> number();

  /// The same; the bytes stay where they are, and end at position().
  Result<ByteView> bytes();

  /// The refusal of the next field, or of the message's end, for not being the expected one.
  [[nodiscard]] Problem unexpected(const char* expected) const;

 private:
  void skip(std::size_t count);

  ByteView left_;
  std::size_t position_;
};

}  // namespace idn::identity::protobuf
