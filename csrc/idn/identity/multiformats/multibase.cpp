#include "idn/identity/multiformats/multibase.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ranges>
#include <stdexcept>

namespace idn::identity::multibase {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kRfc32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBitcoin = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kUrl64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr int kNoDigit = -1;
using Digits = std::array<int, 256>;

constexpr Digits digits_of(std::string_view alphabet) {
  Digits digits{};
  digits.fill(kNoDigit);
  for (std::size_t index = 0; index < alphabet.size(); ++index) {
    digits[static_cast<unsigned char>(alphabet[index])] = static_cast<int>(index);
  }
  return digits;
}

constexpr Digits kHexDigits = digits_of(kHex);
constexpr Digits kRfc32Digits = digits_of(kRfc32);
constexpr Digits kBitcoinDigits = digits_of(kBitcoin);
constexpr Digits kUrl64Digits = digits_of(kUrl64);

struct Rule {
  std::string_view alphabet;
  const Digits* digits;
  unsigned bits;  // of one character; 0 for base58, whose characters hold no whole number of bits
};

Rule rule_of(Base base) {
  switch (base) {
    case Base::kBase16:
      return {kHex, &kHexDigits, 4};
    case Base::kBase32:
      return {kRfc32, &kRfc32Digits, 5};
    case Base::kBase58Btc:
      return {kBitcoin, &kBitcoinDigits, 0};
    case Base::kBase64Url:
      return {kUrl64, &kUrl64Digits, 6};
  }
  throw std::invalid_argument("multibase: no base is named " + std::to_string(static_cast<int>(base)) + ".");
}

Problem foreign_character(std::size_t position, char character, Base base) {
  const auto byte = static_cast<unsigned char>(character);
  std::string shown = "a space";
  if (byte > ' ' && byte < 0x7f) {
    shown = std::string("'") + character + "'";
  } else if (byte != ' ') {
    shown = std::string("a byte of value ").append(std::to_string(byte));
  }
  return {position, shown + " is no character of base '" + static_cast<char>(base) + "'"};
}

std::string encode_bits(const Rule& rule, ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + rule.bits - 1) / rule.bits);
  const unsigned mask = (1U << rule.bits) - 1;
  unsigned held = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= rule.bits) {
      bits -= rule.bits;
      text.push_back(rule.alphabet[(held >> bits) & mask]);
    }
    held &= (1U << bits) - 1;
  }
  if (bits > 0) text.push_back(rule.alphabet[(held << (rule.bits - bits)) & mask]);
  return text;
}

Result<Bytes> decode_bits(Base base, const Rule& rule, std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() * rule.bits / 8);
  unsigned held = 0;
  unsigned bits = 0;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const int digit = (*rule.digits)[static_cast<unsigned char>(text[index])];
    if (digit == kNoDigit) return foreign_character(index, text[index], base);
    held = (held << rule.bits) | static_cast<unsigned>(digit);
    bits += rule.bits;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(held >> bits));
      held &= (1U << bits) - 1;
    }
  }
  if (bits >= rule.bits) return Problem{text.size() - 1, "the text has a character too many or is cut off"};
  if (held != 0) return Problem{text.size() - 1, "the bits left over in the last character are not zero"};
  return bytes;
}

void check_base58(std::size_t characters, std::size_t bytes) {
  if (characters <= kMaxBase58Text) return;
  throw std::invalid_argument("multibase: " + std::to_string(bytes) +
                              " bytes, expected as many as base58 writes in " +
                              std::to_string(kMaxBase58Text) + " characters.");
}

// Long division, digit by digit: leading zero bytes are ones, as Bitcoin has it.
std::string encode_58(ByteView bytes) {
  const auto first = std::ranges::find_if(bytes, [](std::uint8_t byte) { return byte != 0; });
  const auto zeros = static_cast<std::size_t>(first - bytes.begin());
  check_base58(zeros, bytes.size());
  std::string digits;  // least first, as numbers
  for (const std::uint8_t byte : bytes.subspan(zeros)) {
    unsigned carry = byte;
    for (char& digit : digits) {
      carry += static_cast<unsigned>(static_cast<unsigned char>(digit)) << 8;
      digit = static_cast<char>(carry % 58);
      carry /= 58;
    }
    for (; carry > 0; carry /= 58) digits.push_back(static_cast<char>(carry % 58));
    check_base58(zeros + digits.size(), bytes.size());
  }
  std::string text(zeros, kBitcoin[0]);
  for (const char digit : std::views::reverse(digits)) {
    text.push_back(kBitcoin[static_cast<unsigned char>(digit)]);
  }
  return text;
}

Result<Bytes> decode_58(std::string_view text) {
  if (text.size() > kMaxBase58Text) {
    return Problem{kMaxBase58Text,
                   "the base58 text has more than " + std::to_string(kMaxBase58Text) + " characters"};
  }
  const std::size_t zeros = std::min(text.find_first_not_of(kBitcoin[0]), text.size());
  Bytes bytes;  // least first
  for (std::size_t index = zeros; index < text.size(); ++index) {
    const int digit = kBitcoinDigits[static_cast<unsigned char>(text[index])];
    if (digit == kNoDigit) return foreign_character(index, text[index], Base::kBase58Btc);
    auto carry = static_cast<unsigned>(digit);
    for (std::uint8_t& byte : bytes) {
      carry += byte * 58U;
      byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry > 0) bytes.push_back(static_cast<std::uint8_t>(carry));
  }
  bytes.insert(bytes.end(), zeros, 0);
  std::ranges::reverse(bytes);
  return bytes;
}

}  // namespace

std::string encode_plain(Base base, ByteView bytes) {
  const Rule rule = rule_of(base);
  return rule.bits == 0 ? encode_58(bytes) : encode_bits(rule, bytes);
}

Result<Bytes> decode_plain(Base base, std::string_view text) {
  const Rule rule = rule_of(base);
  return rule.bits == 0 ? decode_58(text) : decode_bits(base, rule, text);
}

std::string encode(Base base, ByteView bytes) { return static_cast<char>(base) + encode_plain(base, bytes); }

Result<Bytes> decode(std::string_view text) {
  if (text.empty())
    return Problem{0, "the text is empty; expected one of 'f', 'b', 'z', 'u' to name its base"};
  const auto base = static_cast<Base>(text.front());
  switch (base) {
    case Base::kBase16:
    case Base::kBase32:
    case Base::kBase58Btc:
    case Base::kBase64Url: {
      Result<Bytes> bytes = decode_plain(base, text.substr(1));
      if (bytes) return bytes;
      return Problem{bytes.problem().position + 1, bytes.problem().reason};
    }
  }
  return Problem{0,
                 "no base known here has this name; expected 'f' (base16), 'b' (base32), 'z' (base58btc) or "
                 "'u' (base64url), all in lower case"};
}

}  // namespace idn::identity::multibase
