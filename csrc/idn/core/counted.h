#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace idn {

/// A count with its noun, for a message: "1 byte", "2 bytes".
inline std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

}  // namespace idn
