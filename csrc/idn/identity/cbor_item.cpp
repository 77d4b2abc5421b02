#include "idn/identity/cbor_item.h"

#include <limits>
#include <string>

#include "idn/core/counted.h"
#include "idn/core/utf8.h"

namespace idn::identity::cbor {
namespace {

// The major types and simple values of RFC 8949, sections 3.1 and 3.3, that are spoken here.
enum Major : unsigned {
  kUnsignedInteger = 0,
  kNegativeInteger = 1,
  kByteString = 2,
  kTextString = 3,
  kArrayOf = 4,
  kSimple = 7
};
enum Simple : std::uint8_t { kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6 };

constexpr unsigned kOneByteFollows = 24;  // up to 27: eight do
constexpr unsigned kEightBytesFollow = 27;
constexpr unsigned kIndefinite = 31;
constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// Why a first byte begins nothing that is spoken here.
std::string refusal(unsigned major, unsigned info) {
  if (major == 5) return "a map, which is not allowed";
  if (major == 6) return "a tag, which is not allowed";
  if (major != kSimple) {
    return info == kIndefinite && major >= kByteString
               ? "an indefinite length, which is not allowed"
               : "a head of the reserved form " + std::to_string(info);
  }
  if (info == kIndefinite) return "a break outside of anything of indefinite length";
  if (info > kOneByteFollows && info <= kEightBytesFollow) return "a float, which is not allowed";
  if (info > kEightBytesFollow) return "a head of the reserved form " + std::to_string(info);
  return "a simple value that is not false, true or null";
}

void append_head(Bytes& out, Major major, std::uint64_t argument) {
  const auto first = static_cast<std::uint8_t>(major << 5U);
  if (argument < kOneByteFollows) {
    out.push_back(static_cast<std::uint8_t>(first | argument));
    return;
  }
  const unsigned power = argument <= 0xFF ? 0 : argument <= 0xFFFF ? 1 : argument <= 0xFFFFFFFF ? 2 : 3;
  out.push_back(static_cast<std::uint8_t>(first | (kOneByteFollows + power)));
  for (unsigned shift = 8U << power; shift > 0;) {
    shift -= 8;
    out.push_back(static_cast<std::uint8_t>(argument >> shift));
  }
}

// Reads the argument of the head at item.begin; item.end is then where the head ends.
std::string read_argument(ByteView bytes, Item& item) {
  const unsigned info = bytes[item.begin] & 0x1FU;
  item.end = item.begin + 1;
  if (info < kOneByteFollows) {
    item.argument = info;
    return {};
  }
  const unsigned power = info - kOneByteFollows;
  const std::size_t size = std::size_t{1} << power;
  if (size > bytes.size() - item.end) {
    return "cut off: a head of " + std::to_string(size + 1) + " bytes, of which " +
           std::to_string(bytes.size() - item.begin) + " are there";
  }
  for (std::size_t i = 0; i < size; ++i) item.argument = (item.argument << 8U) | bytes[item.end + i];
  item.end += size;
  const bool shortest = power == 0 ? item.argument >= kOneByteFollows : item.argument >> (4U << power) != 0;
  return shortest ? "" : "not the shortest form of " + std::to_string(item.argument);
}

std::string read_content(ByteView bytes, Item& item, const char* noun) {
  const std::size_t left = bytes.size() - item.end;
  if (item.argument > left) {
    return std::string("cut off: ") + noun + " of " + counted(item.argument, "byte") + ", of which " +
           std::to_string(left) + " are there";
  }
  item.content = bytes.subspan(item.end, static_cast<std::size_t>(item.argument));
  item.end += item.content.size();
  return {};
}

std::string read_simple(ByteView bytes, Item& item) {
  const std::uint8_t first = bytes[item.begin];
  item.end = item.begin + 1;
  item.kind = first == kNull ? Kind::kNull : Kind::kBoolean;
  item.argument = first == kTrue ? 1 : 0;
  return first >= kFalse && first <= kNull ? "" : refusal(kSimple, first & 0x1FU);
}

std::string read_into(ByteView bytes, Item& item) {
  const unsigned major = bytes[item.begin] >> 5U;
  const unsigned info = bytes[item.begin] & 0x1FU;
  if (major == kSimple) return read_simple(bytes, item);
  if (major > kArrayOf || info > kEightBytesFollow) return refusal(major, info);
  if (std::string problem = read_argument(bytes, item); !problem.empty()) return problem;
  switch (major) {
    case kUnsignedInteger:
      item.kind = Kind::kUnsigned;
      return {};
    case kNegativeInteger:
      item.kind = Kind::kNegative;
      return item.argument <= kLargest ? "" : "an integer below -2^63";
    case kByteString:
      item.kind = Kind::kBytes;
      return read_content(bytes, item, "a byte string");
    case kTextString:
      item.kind = Kind::kText;
      return read_content(bytes, item, "a text");
    default:
      item.kind = Kind::kArray;
      return item.argument <= bytes.size() - item.end
                 ? ""
                 : "cut off: an array of " + counted(item.argument, "value") + " in " +
                       counted(bytes.size() - item.end, "byte");
  }
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return "a boolean";
    case Kind::kUnsigned:
      return "an unsigned integer";
    case Kind::kNegative:
      return "a negative integer";
    case Kind::kBytes:
      return "a byte string";
    case Kind::kText:
      return "a text";
    default:
      return "an array";
  }
}

std::int64_t Item::number() const {
  const auto magnitude = static_cast<std::int64_t>(argument);
  return kind == Kind::kNegative ? -1 - magnitude : magnitude;
}

Result<Item> read_item(ByteView bytes, std::size_t at) {
  if (at >= bytes.size()) return Problem{bytes.size(), "cut off: a value should begin here"};
  Item item;
  item.begin = at;
  if (std::string reason = read_into(bytes, item); !reason.empty()) return Problem{at, std::move(reason)};
  if (item.kind == Kind::kText) {
    const std::size_t good = utf8_prefix(text_of(item.content));
    if (good < item.content.size())
      return Problem{item.end - item.content.size() + good, "a text that is not UTF-8"};
  }
  return item;
}

void append_null(Bytes& out) { out.push_back(kNull); }
void append_boolean(Bytes& out, bool value) { out.push_back(value ? kTrue : kFalse); }
void append_unsigned(Bytes& out, std::uint64_t value) { append_head(out, kUnsignedInteger, value); }
void append_array(Bytes& out, std::uint64_t count) { append_head(out, kArrayOf, count); }

void append_integer(Bytes& out, std::int64_t value) {
  if (value >= 0) {
    append_unsigned(out, static_cast<std::uint64_t>(value));
  } else {
    append_head(out, kNegativeInteger, static_cast<std::uint64_t>(-1 - value));
  }
}

void append_bytes(Bytes& out, ByteView value) {
  append_head(out, kByteString, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

void append_text(Bytes& out, std::string_view value) {
  append_head(out, kTextString, value.size());
  const ByteView bytes = bytes_of(value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace idn::identity::cbor
