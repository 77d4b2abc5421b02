// CBOR: one encoding for each value, and limits that are the same in both directions.
#include <stdexcept>

#include "idn/core/utf8.h"
#include "idn/identity/cbor.h"
#include "idn/identity/cbor_reader.h"
#include "laws.h"

namespace idn::identity::cbor {
namespace {

using fuzz::require;

constexpr Limits kNarrow{.max_depth = 3, .max_bytes = 48, .max_items = 12};

bool can_be_encoded(const Value& value, const Limits& limits) {
  try {
    static_cast<void>(encode(value, limits));
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

void append(Bytes& out, const Item& item) {
  switch (item.kind) {
    case Kind::kNull:
      return append_null(out);
    case Kind::kBoolean:
      return append_boolean(out, item.argument != 0);
    case Kind::kUnsigned:
      return append_unsigned(out, item.argument);
    case Kind::kNegative:
      return append_integer(out, item.number());
    case Kind::kBytes:
      return append_bytes(out, item.content);
    case Kind::kText:
      return append_text(out, text_of(item.content));
    case Kind::kArray:
      return append_array(out, item.argument);
  }
}

// The end of the items that follow one another from the start, arrays open or not.
std::size_t read_items(ByteView bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const Result<Item> item = read_item(bytes, at);
    if (!fuzz::taken(item, bytes.size())) break;
    require(item->begin == at && item->end > at && item->end <= bytes.size(), "an item lies in the input");
    Bytes again;
    append(again, *item);
    require(fuzz::same(again, bytes.subspan(at, item->end - at)), "an item that is read is written again");
    at = item->end;
  }
  return at;
}

void read_with_narrow_limits(ByteView bytes, const Value& value) {
  const Result<Value> narrow = decode(bytes, kNarrow);
  require(fuzz::taken(narrow, bytes.size()) == can_be_encoded(value, kNarrow),
          "limits refuse a value in both directions");
  require(!narrow || *narrow == value, "limits do not change a value");
}

// A reader that asks for what is there, and for no more than is there, gets it.
void read_field_by_field(ByteView bytes, const Value& value) {
  Reader reader(bytes);
  if (const auto* text = value.text()) {
    require(reader.text("text", text->size()) == *text, "a reader reads a text");
  } else if (const auto* content = value.bytes()) {
    require(fuzz::same(reader.bytes("bytes", content->size()), *content), "a reader reads bytes");
  } else if (const auto* number = value.unsigned_integer()) {
    require(reader.unsigned_integer("number", *number, *number) == *number, "a reader reads a number");
  } else if (const auto* boolean = value.boolean()) {
    require(reader.boolean("boolean") == *boolean, "a reader reads a boolean");
  } else {
    return;
  }
  require(!reader.finish(), "a reader that read all is content");
}

void read_bytes(ByteView bytes) {
  const std::size_t end = read_items(bytes);
  const Result<Value> value = decode(bytes);
  if (!fuzz::taken(value, bytes.size())) return;
  require(fuzz::same(encode(*value), bytes), "bytes that are read are written again");
  require(end == bytes.size(), "what is decoded is made of items");
  read_with_narrow_limits(bytes, *value);
  read_field_by_field(bytes, *value);
}

// Numbers, bytes and texts that no decoder made.
void write_values(ByteView bytes) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size() && i < sizeof bits; ++i) bits = bits << 8 | bytes[i];
  const std::string text(text_of(bytes));
  Array values = {nullptr, bytes.size() % 2 == 0, bits, static_cast<std::int64_t>(bits),
                  Bytes(bytes.begin(), bytes.end())};
  const bool is_utf8 = utf8_prefix(text) == text.size();
  require(can_be_encoded(text, {}) == is_utf8, "a text is UTF-8");
  if (is_utf8) values.emplace_back(text);
  const Value value(std::move(values));
  const Bytes encoded = encode(value);
  const Result<Value> read = decode(encoded);
  require(read.ok() && *read == value, "a value comes back from its bytes");
  for (std::size_t cut = 0; cut < encoded.size(); cut += 1 + encoded.size() / 16) {
    require(!fuzz::taken(decode(ByteView(encoded).first(cut)), cut), "what is cut off is refused");
  }
}

}  // namespace
}  // namespace idn::identity::cbor

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  idn::identity::cbor::read_bytes({data, size});
  idn::identity::cbor::write_values({data, size});
  return 0;
}
