#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/multiaddr.h"

namespace idn::identity {

/// What an address must know of a protocol: its name, and the size of its value in bytes.
struct ProtocolRule {
  Protocol protocol;
  std::string_view name;
  std::size_t size;  ///< 0: the value's length stands before it
};

/// The rule of a name or code; nullptr where none is known.
const ProtocolRule* find_protocol(std::string_view name);
const ProtocolRule* find_protocol(std::uint64_t code);

/// "ip4, tcp, …", for messages.
std::string protocol_names();

/// The bytes of a value's text; positions count from its beginning.
Result<Bytes> value_from_text(Protocol protocol, std::string_view text);

/// The text of a value's bytes; refuses bytes that no text has.
Result<std::string> value_text(Protocol protocol, ByteView value);

}  // namespace idn::identity
