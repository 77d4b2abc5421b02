#pragma once

#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity::multibase {

/// The bases spoken, each with the character that names it in a multibase text.
enum class Base : char {
  kBase16 = 'f',     ///< hexadecimal, lower case
  kBase32 = 'b',     ///< RFC 4648, lower case, no padding
  kBase58Btc = 'z',  ///< Bitcoin's alphabet
  kBase64Url = 'u',  ///< RFC 4648's URL alphabet, no padding
};

/// The longest text in base58 without its naming character: both ways take time in the square of the length.
inline constexpr std::size_t kMaxBase58Text = 4096;

/// The text of bytes in a base, without the naming character.
///
/// Throws std::invalid_argument for bytes whose base58 is longer than `kMaxBase58Text`, as those of more than
/// 2999 bytes are, but for some with zeros in front.
std::string encode_plain(Base base, ByteView bytes);

/// The bytes of a text in a base; what `encode_plain` would not give back is refused.
///
/// Base58 of more than `kMaxBase58Text` characters is refused.
Result<Bytes> decode_plain(Base base, std::string_view text);

/// The naming character, then the text of encode_plain().
std::string encode(Base base, ByteView bytes);

/// The inverse of encode; positions count the naming character.
Result<Bytes> decode(std::string_view text);

}  // namespace idn::identity::multibase
