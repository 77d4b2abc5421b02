#pragma once

#include <cstddef>
#include <string_view>

namespace idn {

/// The length in bytes of the character that starts at `at`, which is below text.size(), or 0 where no
/// well-formed one does (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_character(std::string_view text, std::size_t at);

/// How many bytes from the start are well-formed UTF-8: text.size() if all of it is.
std::size_t utf8_prefix(std::string_view text);

}  // namespace idn
