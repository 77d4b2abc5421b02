#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::identity {

/// The protocols an address may name, by multicodec code.
enum class Protocol : std::uint64_t {
  kIp4 = 0x04,
  kTcp = 0x06,
  kIp6 = 0x29,
  kDns = 0x35,
  kDns4 = 0x36,
  kDns6 = 0x37,
  kUdp = 0x0111,
  kUnix = 0x0190,
  kP2p = 0x01a5,
  kMemory = 0x0309,
};

/// The name in an address, as "ip4".
std::string_view to_string(Protocol protocol);

/// One step of an address: the protocol and its value as bytes, e.g. 4 bytes for ip4.
struct AddressPart {
  Protocol protocol;
  Bytes value;

  /// The value as an address writes it, e.g. "127.0.0.1"; of unix, the path with its leading "/".
  ///
  /// Throws std::invalid_argument where the bytes are no value of the protocol.
  [[nodiscard]] std::string text() const;

  auto operator<=>(const AddressPart&) const = default;
};

/// A self-describing network address, e.g. /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo… (multiformats' multiaddr).
///
/// It has one part at least, one text and one form in bytes: what would not be written again as it was read
/// is refused. A unix path takes the rest of the address, as in go-multiaddr.
class Multiaddr {
 public:
  /// The longest address taken, in bytes and in characters; no address within the first is above the second.
  static constexpr std::size_t kMaxBytes = 1024;
  static constexpr std::size_t kMaxText = 4096;

  static Result<Multiaddr> from_bytes(ByteView bytes);
  static Result<Multiaddr> from_text(std::string_view text);

  [[nodiscard]] const std::vector<AddressPart>& parts() const { return parts_; }
  [[nodiscard]] Bytes bytes() const;
  [[nodiscard]] std::string text() const;

  /// This address with another inside it; refused where the result would be too long, or this one ends in a
  /// unix path.
  [[nodiscard]] Result<Multiaddr> encapsulate(const Multiaddr& inner) const;

  /// What is before the last place where `inner` begins, nothing if that is the beginning; this address
  /// itself if `inner` is nowhere in it.
  [[nodiscard]] std::optional<Multiaddr> decapsulate(const Multiaddr& inner) const;

  auto operator<=>(const Multiaddr&) const = default;

 private:
  explicit Multiaddr(std::vector<AddressPart> parts) : parts_(std::move(parts)) {}

  std::vector<AddressPart> parts_;
};

}  // namespace idn::identity
