#include "idn/identity/multiformats/protobuf.h"

#include <string>

#include "idn/identity/multiformats/varint.h"

namespace idn::identity::protobuf {

void append_number(Bytes& out, std::uint8_t field, std::uint64_t value) {
  out.push_back(tag(field, Wire::kNumber));
  varint::append(out, value);
}

void append_bytes(Bytes& out, std::uint8_t field, ByteView value) {
  out.push_back(tag(field, Wire::kBytes));
  varint::append(out, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

bool Reader::next_is(std::uint8_t field, Wire wire) const { return !done() && left_[0] == tag(field, wire); }

Result<std::uint64_t> Reader::number() {
  skip(1);
  const Result<varint::Read> read = varint::read(left_);
  if (!read) return Problem{position_ + read.problem().position, read.problem().reason};
  skip(read->size);
  return read->value;
}

Result<ByteView> Reader::bytes() {
  const Result<std::uint64_t> size = number();
  if (!size) return size.problem();
  if (*size > left_.size()) {
    return Problem{position_, "a field of " + std::to_string(*size) + " bytes begins here, but only " +
                                  std::to_string(left_.size()) + " are left"};
  }
  const ByteView value = left_.first(*size);
  skip(value.size());
  return value;
}

Problem Reader::unexpected(const char* expected) const {
  const std::string found =
      done() ? "the message ends here" : "a field of tag " + std::to_string(left_[0]) + " stands here";
  return {position_, found + ", expected " + expected};
}

void Reader::skip(std::size_t count) {
  left_ = left_.subspan(count);
  position_ += count;
}

}  // namespace idn::identity::protobuf
