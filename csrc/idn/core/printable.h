#pragma once

#include <string>
#include <string_view>

namespace idn {

/// The text fit for a message: bytes that are not UTF-8, control characters, and marks of direction become
/// '?', and it is cut short.
std::string printable(std::string_view text);

/// The same between single quotes.
std::string in_quotes(std::string_view text);

}  // namespace idn
