#pragma once

#include <string_view>

#include "idn/core/printable.h"

namespace idn::store {

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

}  // namespace idn::store
