#include "idn/identity/multiformats/multiaddr.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "idn/identity/multiformats/multiaddr_value.h"
#include "idn/identity/multiformats/varint.h"

namespace idn::identity {
namespace {

Problem too_long(std::size_t position, std::size_t most, const char* unit) {
  return {position, "the address has more than " + std::to_string(most) + " " + unit};
}

Problem of_value(const ProtocolRule& rule, std::size_t start, const Problem& problem) {
  return {start + problem.position, std::string(rule.name) + ": " + problem.reason};
}

void append(Bytes& out, const AddressPart& part) {
  const auto code = static_cast<std::uint64_t>(part.protocol);
  varint::append(out, code);
  if (find_protocol(code)->size == 0) varint::append(out, part.value.size());
  out.insert(out.end(), part.value.begin(), part.value.end());
}

struct ReadPart {
  AddressPart part;
  std::size_t end = 0;
};

// The part that begins with the '/' at `at`.
Result<ReadPart> part_from_text(std::string_view text, std::size_t at) {
  if (text[at] != '/') return Problem{at, "an address begins with '/'"};
  const std::size_t name_end = std::min(text.find('/', at + 1), text.size());
  const ProtocolRule* rule = find_protocol(text.substr(at + 1, name_end - at - 1));
  if (rule == nullptr) return Problem{at + 1, "expected a protocol, one of " + protocol_names()};
  if (name_end == text.size())
    return Problem{name_end, "the value of " + std::string(rule->name) + " is missing"};
  const bool takes_rest = rule->protocol == Protocol::kUnix;
  const std::size_t start = takes_rest ? name_end : name_end + 1;
  const std::size_t end = takes_rest ? text.size() : std::min(text.find('/', start), text.size());
  Result<Bytes> value = value_from_text(rule->protocol, text.substr(start, end - start));
  if (!value) return of_value(*rule, start, value.problem());
  return ReadPart{{rule->protocol, std::move(value).value()}, end};
}

// The size of a part's value, and where it begins.
Result<std::pair<std::size_t, std::size_t>> value_place(const ProtocolRule& rule, ByteView bytes,
                                                        std::size_t start) {
  std::uint64_t size = rule.size;
  if (size == 0) {
    const Result<varint::Read> length = varint::read(bytes.subspan(start));
    if (!length) return of_value(rule, start, length.problem());
    size = length->value;
    start += length->size;
  }
  if (size <= bytes.size() - start) return std::pair{static_cast<std::size_t>(size), start};
  return Problem{start, std::string(rule.name) + ": the value has " + std::to_string(size) +
                            " bytes, but only " + std::to_string(bytes.size() - start) + " are left"};
}

Result<ReadPart> part_from_bytes(ByteView bytes, std::size_t at) {
  const Result<varint::Read> code = varint::read(bytes.subspan(at));
  if (!code) return Problem{at + code.problem().position, "the protocol's code: " + code.problem().reason};
  const ProtocolRule* rule = find_protocol(code->value);
  if (rule == nullptr) {
    return Problem{at, "no protocol known here has the code " + std::to_string(code->value) +
                           "; expected one of " + protocol_names()};
  }
  const auto place = value_place(*rule, bytes, at + code->size);
  if (!place) return place.problem();
  const auto [size, start] = *place;
  const ByteView value = bytes.subspan(start, size);
  const Result<std::string> text = value_text(rule->protocol, value);
  if (!text) return of_value(*rule, start, text.problem());
  const std::size_t end = start + size;
  if (rule->protocol == Protocol::kUnix && end < bytes.size()) {
    return Problem{end, "a part follows a unix path, which takes the rest of an address"};
  }
  return ReadPart{{rule->protocol, Bytes(value.begin(), value.end())}, end};
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  const ProtocolRule* rule = find_protocol(static_cast<std::uint64_t>(protocol));
  if (rule != nullptr) return rule->name;
  throw std::invalid_argument("multiaddr: no protocol has the code " +
                              std::to_string(static_cast<std::uint64_t>(protocol)) + "; expected one of " +
                              protocol_names() + ".");
}

std::string AddressPart::text() const {
  return value_text(protocol, value).or_throw("multiaddr: a value of " + std::string(to_string(protocol)));
}

Result<Multiaddr> Multiaddr::from_text(std::string_view text) {
  if (text.size() > kMaxText) return too_long(kMaxText, kMaxText, "characters");
  if (text.empty()) return Problem{0, "the address is empty"};
  std::vector<AddressPart> parts;
  Bytes bytes;
  for (std::size_t at = 0; at < text.size();) {
    Result<ReadPart> read = part_from_text(text, at);
    if (!read) return read.problem();
    append(bytes, read->part);
    if (bytes.size() > kMaxBytes) return too_long(at, kMaxBytes, "bytes");
    at = read->end;
    parts.push_back(std::move(read).value().part);
  }
  return Multiaddr(std::move(parts));
}

Result<Multiaddr> Multiaddr::from_bytes(ByteView bytes) {
  if (bytes.size() > kMaxBytes) return too_long(kMaxBytes, kMaxBytes, "bytes");
  if (bytes.empty()) return Problem{0, "the address is empty"};
  std::vector<AddressPart> parts;
  for (std::size_t at = 0; at < bytes.size();) {
    Result<ReadPart> read = part_from_bytes(bytes, at);
    if (!read) return read.problem();
    at = read->end;
    parts.push_back(std::move(read).value().part);
  }
  return Multiaddr(std::move(parts));
}

Bytes Multiaddr::bytes() const {
  Bytes out;
  for (const AddressPart& part : parts_) append(out, part);
  return out;
}

std::string Multiaddr::text() const {
  std::string out;
  for (const AddressPart& part : parts_) {
    out.append("/").append(to_string(part.protocol));
    if (part.protocol != Protocol::kUnix) out += '/';
    out += part.text();
  }
  return out;
}

Result<Multiaddr> Multiaddr::encapsulate(const Multiaddr& inner) const {
  const std::size_t size = bytes().size();
  if (parts_.back().protocol == Protocol::kUnix) {
    return Problem{size, "nothing can follow a unix path, which takes the rest of an address"};
  }
  if (size + inner.bytes().size() > kMaxBytes) return too_long(size, kMaxBytes, "bytes");
  std::vector<AddressPart> parts = parts_;
  parts.insert(parts.end(), inner.parts_.begin(), inner.parts_.end());
  return Multiaddr(std::move(parts));
}

std::optional<Multiaddr> Multiaddr::decapsulate(const Multiaddr& inner) const {
  const auto found = std::ranges::find_end(parts_, inner.parts_);
  if (found.empty()) return *this;
  if (found.begin() == parts_.begin()) return std::nullopt;
  return Multiaddr(std::vector<AddressPart>(parts_.begin(), found.begin()));
}

}  // namespace idn::identity
