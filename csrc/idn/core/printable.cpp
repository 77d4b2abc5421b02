#include "idn/core/printable.h"

#include <cstddef>

#include "idn/core/utf8.h"

namespace idn {
namespace {

constexpr std::size_t kMessageBytes = 300;

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() > kMessageBytes) return out + "...";
    const std::size_t length = utf8_character(text, at);
    const bool control = length == 1 && (text[at] < 0x20 || text[at] == 0x7F);
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

}  // namespace idn
