#include "idn/identity/cbor.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "idn/core/utf8.h"

namespace idn::identity::cbor {
namespace {

std::string too_deep(const Limits& limits) {
  return "nested deeper than " + std::to_string(limits.max_depth) + " arrays";
}

std::string too_many(const Limits& limits) {
  return "more than " + std::to_string(limits.max_items) + " values";
}

std::string too_long(const Limits& limits) {
  return "longer than " + std::to_string(limits.max_bytes) + " bytes";
}

class Encoder {
 public:
  explicit Encoder(const Limits& limits) : limits_(limits) {}

  void append(const Value& value, std::size_t depth) {
    if (++items_ > limits_.max_items) refuse(too_many(limits_));
    if (const Array* values = value.array()) {
      if (depth == limits_.max_depth) refuse(too_deep(limits_));
      append_array(out_, values->size());
      for (const Value& inner : *values) append(inner, depth + 1);
    } else {
      append_scalar(value);
    }
    if (out_.size() > limits_.max_bytes) refuse(too_long(limits_));
  }

  Bytes take() { return std::move(out_); }

 private:
  void append_scalar(const Value& value) {
    if (const bool* boolean = value.boolean()) {
      append_boolean(out_, *boolean);
    } else if (const std::uint64_t* number = value.unsigned_integer()) {
      append_unsigned(out_, *number);
    } else if (const std::int64_t* negative = value.negative_integer()) {
      append_integer(out_, *negative);
    } else if (const Bytes* bytes = value.bytes()) {
      append_bytes(out_, *bytes);
    } else if (const std::string* text = value.text()) {
      if (const std::size_t good = utf8_prefix(*text); good < text->size()) {
        refuse("a text that is not UTF-8 from its byte " + std::to_string(good));
      }
      append_text(out_, *text);
    } else {
      append_null(out_);
    }
  }

  static void refuse(const std::string& reason) {
    throw std::invalid_argument("cbor: the value cannot be encoded: " + reason + ".");
  }

  Limits limits_;
  Bytes out_;
  std::size_t items_ = 0;
};

class Decoder {
 public:
  Decoder(ByteView bytes, const Limits& limits)
      : bytes_(bytes), limits_(limits), unclaimed_(std::min(limits.max_items, bytes.size())) {}

  Result<Value> whole() {
    if (bytes_.size() > limits_.max_bytes) return Problem{limits_.max_bytes, too_long(limits_)};
    if (!bytes_.empty() && !claim(1)) return claim_problem(0);
    Value value;
    if (auto problem = read(value, 0)) return *std::move(problem);
    if (at_ < bytes_.size()) {
      return Problem{at_, "the value ends here; bytes that follow: " + std::to_string(bytes_.size() - at_)};
    }
    return value;
  }

 private:
  std::optional<Problem> read(Value& out, std::size_t depth) {
    const Result<Item> item = read_item(bytes_, at_);
    if (!item) return item.problem();
    at_ = item->end;
    switch (item->kind) {
      case Kind::kNull:
        out = nullptr;
        break;
      case Kind::kBoolean:
        out = item->argument != 0;
        break;
      case Kind::kUnsigned:
        out = item->argument;
        break;
      case Kind::kNegative:
        out = item->number();
        break;
      case Kind::kBytes:
        out = Bytes(item->content.begin(), item->content.end());
        break;
      case Kind::kText:
        out = text_of(item->content);
        break;
      case Kind::kArray:
        return read_array(out, *item, depth);
    }
    return std::nullopt;
  }

  std::optional<Problem> read_array(Value& out, const Item& head, std::size_t depth) {
    if (depth == limits_.max_depth) return Problem{head.begin, too_deep(limits_)};
    if (!claim(head.argument)) return claim_problem(head.begin);
    Array values(static_cast<std::size_t>(head.argument));
    for (Value& value : values) {
      if (auto problem = read(value, depth + 1)) return problem;
    }
    out = std::move(values);
    return std::nullopt;
  }

  // Every value is claimed when the head of its array is read, before memory is taken for it; as each takes
  // a byte at least, a sum beyond the bytes is a lie, whichever array told it.
  bool claim(std::uint64_t count) {
    if (count > unclaimed_) return false;
    unclaimed_ -= static_cast<std::size_t>(count);
    return true;
  }

  [[nodiscard]] Problem claim_problem(std::size_t at) const {
    if (limits_.max_items < bytes_.size()) return {at, too_many(limits_)};
    return {at, "cut off: more values than the " + std::to_string(bytes_.size()) + " bytes can hold"};
  }

  ByteView bytes_;
  Limits limits_;
  std::size_t unclaimed_;
  std::size_t at_ = 0;
};

}  // namespace

void check(const Limits& limits) {
  if (limits.max_depth <= kMaxDepth) return;
  throw std::invalid_argument("cbor: max_depth is " + std::to_string(limits.max_depth) +
                              ", expected at most " + std::to_string(kMaxDepth) + ".");
}

Bytes encode(const Value& value, const Limits& limits) {
  check(limits);
  Encoder encoder(limits);
  encoder.append(value, 0);
  return encoder.take();
}

Result<Value> decode(ByteView bytes, const Limits& limits) {
  check(limits);
  return Decoder(bytes, limits).whole();
}

}  // namespace idn::identity::cbor
