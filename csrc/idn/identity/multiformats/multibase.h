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

/// The text of bytes in a base, without the naming character.
std::string encode_plain(Base base, ByteView bytes);

/// The bytes of a text in a base; what `encode_plain` would not give back is refused.
///
/// Base58 takes time in the square of the length, so a text of more than `kMaxBase58Text` characters is
/// refused.
Result<Bytes> decode_plain(Base base, std::string_view text);

/// The naming character, then the text.
std::string encode(Base base, ByteView bytes);

/// The inverse of encode; positions count the naming character.
Result<Bytes> decode(std::string_view text);

inline constexpr std::size_t kMaxBase58Text = 4096;

}  // namespace idn::identity::multibase
