#include "idn/identity/multiformats/ip_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace idn::identity {
namespace {

constexpr std::size_t kIp4Bytes = 4;
constexpr std::size_t kGroups = 8;

// Eight groups of 16 bits, as IPv6 writes them.
using Groups = std::array<std::uint16_t, kGroups>;

// The groups that the text names so far, and before which of them "::" stands.
struct Partial {
  Groups groups{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;
};

std::optional<std::uint16_t> hexadecimal(std::string_view digits) {
  std::uint16_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
  if (digits.empty() || digits.size() > 4 || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string hexadecimal(std::uint16_t group) {
  std::array<char, 4> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16);
  return {digits.data(), end};
}

// Reads the group, or the IPv4 address at the end, that is `piece`.
std::optional<Problem> add_piece(Partial& partial, std::string_view piece, std::size_t at, bool last) {
  if (piece.find('.') != std::string_view::npos && last) {
    if (partial.count + 2 > kGroups) return Problem{at, "the address has more than eight groups"};
    const Result<Bytes> ip4 = ip4_from_text(piece);
    if (!ip4) return Problem{at + ip4.problem().position, ip4.problem().reason};
    partial.groups[partial.count++] = static_cast<std::uint16_t>((*ip4)[0] << 8 | (*ip4)[1]);
    partial.groups[partial.count++] = static_cast<std::uint16_t>((*ip4)[2] << 8 | (*ip4)[3]);
    return std::nullopt;
  }
  const std::optional<std::uint16_t> group = hexadecimal(piece);
  if (!group) return Problem{at, "expected a group of one to four hexadecimal digits"};
  if (partial.count == kGroups) return Problem{at, "the address has more than eight groups"};
  partial.groups[partial.count++] = *group;
  return std::nullopt;
}

// Any form that RFC 4291 allows.
Result<Groups> any_ip6(std::string_view text) {
  Partial partial;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    partial.gap = 0;
    at = 2;
  }
  while (at < text.size() || at == 0) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    if (auto problem = add_piece(partial, text.substr(at, end - at), at, end == text.size())) return *problem;
    if (end == text.size()) break;
    at = end + 1;
    if (text.substr(at).starts_with(':')) {
      if (partial.gap) return Problem{end, "'::' stands twice"};
      partial.gap = partial.count;
      ++at;
    } else if (at == text.size()) {
      return Problem{end, "the address ends in ':'"};
    }
  }
  if (partial.gap ? partial.count == kGroups : partial.count < kGroups) {
    return Problem{text.size(), partial.gap ? "'::' stands for no group"
                                            : "the address has fewer than eight groups and no '::'"};
  }
  const auto gap = partial.groups.begin() + static_cast<std::ptrdiff_t>(partial.gap.value_or(0));
  const auto known = partial.groups.begin() + static_cast<std::ptrdiff_t>(partial.count);
  if (partial.gap) {
    std::copy_backward(gap, known, partial.groups.end());
    std::fill(gap, gap + static_cast<std::ptrdiff_t>(kGroups - partial.count), std::uint16_t{0});
  }
  return partial.groups;
}

Groups groups_of(ByteView address) {
  Groups groups{};
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<std::uint16_t>(address[2 * i] << 8 | address[2 * i + 1]);
  }
  return groups;
}

struct Run {
  std::size_t begin = 0;
  std::size_t size = 0;
};

Run longest_zeros(const Groups& groups) {
  Run longest;
  Run run;
  for (std::size_t i = 0; i < kGroups; ++i) {
    run = groups[i] != 0 ? Run{i + 1, 0} : Run{run.begin, run.size + 1};
    if (run.size > longest.size) longest = run;
  }
  return longest.size > 1 ? longest : Run{kGroups, 0};
}

}  // namespace

Result<Bytes> ip4_from_text(std::string_view text) {
  Bytes address;
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    const std::string_view digits = text.substr(at, end - at);
    std::uint8_t value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || stop != digits.data() + digits.size()) {
      return Problem{at, "expected a number from 0 to 255"};
    }
    if (digits.size() > 1 && digits[0] == '0') return Problem{at, "a number has a leading zero"};
    if (address.size() == kIp4Bytes) return Problem{at, "the address has more than four numbers"};
    address.push_back(value);
    if (end == text.size()) break;
    at = end + 1;
  }
  if (address.size() < kIp4Bytes) {
    return Problem{text.size(), "the address has fewer than four numbers"};
  }
  return address;
}

std::string ip4_text(ByteView address) {
  std::string text;
  for (const std::uint8_t byte : address) {
    if (!text.empty()) text += '.';
    text += std::to_string(byte);
  }
  return text;
}

Result<Bytes> ip6_from_text(std::string_view text) {
  const Result<Groups> groups = any_ip6(text);
  if (!groups) return groups.problem();
  Bytes address;
  for (const std::uint16_t group : *groups) {
    address.push_back(static_cast<std::uint8_t>(group >> 8));
    address.push_back(static_cast<std::uint8_t>(group));
  }
  const std::string canonical = ip6_text(address);
  if (text == canonical) return address;
  const auto differs = std::ranges::mismatch(text, canonical).in1 - text.begin();
  return Problem{static_cast<std::size_t>(differs), "the address is to be written " + canonical};
}

std::string ip6_text(ByteView address) {
  const Groups groups = groups_of(address);
  constexpr std::array<std::uint16_t, 6> kMapped{0, 0, 0, 0, 0, 0xffff};
  if (std::equal(kMapped.begin(), kMapped.end(), groups.begin())) {
    return "::ffff:" + ip4_text(address.last(kIp4Bytes));
  }
  const Run zeros = longest_zeros(groups);
  std::string text;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (i == zeros.begin) {
      text += "::";
      i += zeros.size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += hexadecimal(groups[i]);
  }
  return text;
}

}  // namespace idn::identity
