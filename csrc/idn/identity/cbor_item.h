#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity::cbor {

/// What a value may be; the rest of CBOR (RFC 8949) is refused: maps, tags, floats, other simple values.
enum class Kind { kNull, kBoolean, kUnsigned, kNegative, kBytes, kText, kArray };

/// With its article, as "an unsigned integer".
std::string_view to_string(Kind kind);

/// One encoded value, or of an array its head; the values of the array follow it.
struct Item {
  Kind kind = Kind::kNull;
  std::uint64_t argument = 0;  ///< of kUnsigned the number, of kNegative -1 minus it, of kBoolean 0 or 1,
                               ///< of kArray the count, of kBytes and kText the length
  ByteView content;            ///< of kBytes and kText, where they stand in the input
  std::size_t begin = 0;
  std::size_t end = 0;

  /// The number of kUnsigned that is at most 2^63 - 1, or of kNegative.
  [[nodiscard]] std::int64_t number() const;
};

/// Reads the item at `at`: the one place that decides what is well-formed. Text is UTF-8, lengths are
/// definite and there, every number has its shortest form, none is below -2^63, and no array claims more
/// values than bytes follow it.
Result<Item> read_item(ByteView bytes, std::size_t at);

/// Append one encoded value, or of an array its head.
void append_null(Bytes& out);
void append_boolean(Bytes& out, bool value);
void append_unsigned(Bytes& out, std::uint64_t value);
void append_integer(Bytes& out, std::int64_t value);
void append_bytes(Bytes& out, ByteView value);
void append_text(Bytes& out, std::string_view value);  ///< UTF-8, which is for the caller to see to
void append_array(Bytes& out, std::uint64_t count);

}  // namespace idn::identity::cbor
