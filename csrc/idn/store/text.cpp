#include "idn/store/text.h"

#include <cstddef>
#include <cstdint>

namespace idn::store {
namespace {

constexpr std::size_t kMessageBytes = 300;

std::uint32_t octet(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

/// The length of the character that starts at `at`, or 0 where none does.
std::size_t character(std::string_view text, std::size_t at) {
  const std::uint32_t lead = octet(text, at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > text.size() - at) return 0;
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const std::uint32_t next = octet(text, at + i);
    if ((next & 0xC0U) != 0x80U) return 0;
    code = (code << 6U) | (next & 0x3FU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() > kMessageBytes) return out + "...";
    const std::size_t length = character(text, at);
    const bool control = length == 1 && (octet(text, at) < 0x20 || octet(text, at) == 0x7F);
    if (length == 0 || control) {
      out += '?';
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) { return std::string("'").append(printable(text)).append("'"); }

}  // namespace idn::store
