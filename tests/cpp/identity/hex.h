#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"

namespace idn::identity {

/// Bytes as tests write them.
inline Bytes from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (text.size() % 2 != 0) throw std::invalid_argument("an odd number of digits: " + std::string(text));
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kDigits.find(text[i]);
    const std::size_t low = kDigits.find(text[i + 1]);
    if (high > 15 || low > 15) throw std::invalid_argument("no hexadecimal text: " + std::string(text));
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

template <std::size_t size>
std::array<std::uint8_t, size> array_from_hex(std::string_view text) {
  const Bytes bytes = from_hex(text);
  if (bytes.size() != size) throw std::invalid_argument(std::string(text) + " has the wrong length");
  std::array<std::uint8_t, size> array{};
  std::ranges::copy(bytes, array.begin());
  return array;
}

inline std::string to_hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace idn::identity
