#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/cbor_item.h"

namespace idn::identity::cbor {

/// No limit on depth may be above this: values are visited, compared and freed by recursion.
inline constexpr std::size_t kMaxDepth = 64;

/// What is refused for its size, in both directions.
struct Limits {
  std::size_t max_depth = 16;       ///< arrays around the innermost value; at most kMaxDepth
  std::size_t max_bytes = 1 << 20;  ///< of the encoding
  std::size_t max_items = 1 << 16;  ///< values of every kind, inner ones and arrays included; one takes about
                                    ///< 40 bytes of memory, so this many 3 MiB
};

class Value;
using Array = std::vector<Value>;

/// null, a boolean, an integer from -2^63 to 2^64 - 1, bytes, a text, or an array of values.
class Value {
 public:
  Value(std::nullptr_t = nullptr) {}
  template <std::same_as<bool> Boolean>
  Value(Boolean value) : content_(value) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  Value(Integer value) {
    if (std::cmp_less(value, 0)) {
      content_ = static_cast<std::int64_t>(value);
    } else {
      content_ = static_cast<std::uint64_t>(value);
    }
  }
  Value(Bytes bytes) : content_(std::move(bytes)) {}
  Value(std::string text) : content_(std::move(text)) {}
  Value(std::string_view text) : content_(std::string(text)) {}
  Value(const char* text) : content_(std::string(text)) {}
  Value(Array values) : content_(std::move(values)) {}

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(content_.index()); }

  /// What this is, or nullptr if it is of another kind; an integer from 0 up is unsigned, never negative.
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&content_); }
  [[nodiscard]] const std::uint64_t* unsigned_integer() const {
    return std::get_if<std::uint64_t>(&content_);
  }
  [[nodiscard]] const std::int64_t* negative_integer() const { return std::get_if<std::int64_t>(&content_); }
  [[nodiscard]] const Bytes* bytes() const { return std::get_if<Bytes>(&content_); }
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&content_); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&content_); }

  bool operator==(const Value&) const = default;

 private:
  // In the order of Kind.
  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, Bytes, std::string, Array> content_;
};

/// Throws std::invalid_argument for a limit on depth above kMaxDepth.
void check(const Limits& limits);

/// The one encoding of a value (RFC 8949, section 4.2.1). Throws std::invalid_argument for what decode()
/// would refuse with the same limits: a text that is not UTF-8, or too deep, too long, too many.
Bytes encode(const Value& value, const Limits& limits = {});

/// The value whose encoding the bytes are: encode() gives exactly them back, or they are refused.
///
/// Takes memory for at most as many values as there are bytes. Throws std::invalid_argument only for a
/// limit on depth above kMaxDepth.
Result<Value> decode(ByteView bytes, const Limits& limits = {});

}  // namespace idn::identity::cbor
