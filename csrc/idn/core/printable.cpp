#include "idn/core/printable.h"

#include <cstddef>

#include "idn/core/utf8.h"

namespace idn {
namespace {

constexpr std::size_t kMessageBytes = 300;

// Whether a well-formed character steers what shows it: a control character of ASCII or of Latin-1 (U+0080 to
// U+009F), the end of a line or paragraph (U+2028, U+2029), or a mark of direction, behind which a name could
// be shown as another.
bool steers(std::string_view character) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return (byte(0) == 0xC2 && byte(1) < 0xA0) || character == "\xD8\x9C";
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  const unsigned last = (byte(1) - 0x80U) << 6U | (byte(2) - 0x80U);  // of U+2000 + last
  return last == 0x0E || last == 0x0F || (last >= 0x28 && last <= 0x2E) || (last >= 0x66 && last <= 0x69);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() > kMessageBytes) return out + "...";
    const std::size_t length = utf8_character(text, at);
    if (length == 0 || steers(text.substr(at, length))) {
      out += '?';
      at += length == 0 ? 1 : length;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) { return std::string("'").append(printable(text)).append("'"); }

}  // namespace idn
