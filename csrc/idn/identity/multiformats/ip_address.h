#pragma once

#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity {

/// The 4 bytes of "127.0.0.1"; refuses leading zeros.
Result<Bytes> ip4_from_text(std::string_view text);

/// The text of 4 bytes.
std::string ip4_text(ByteView address);

/// The 16 bytes of an IPv6 address; refuses every form but that of RFC 5952, the one that ip6_text writes.
Result<Bytes> ip6_from_text(std::string_view text);

/// The text of 16 bytes as RFC 5952 has it: lower case, the first longest run of zeros as "::", and the
/// last 4 bytes of ::ffff:0:0/96, where IPv4 addresses are mapped to, as one of those.
std::string ip6_text(ByteView address);

}  // namespace idn::identity
