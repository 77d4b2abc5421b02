#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/multiaddr.h"
#include "idn/identity/multiformats/multihash.h"
#include "idn/identity/signed_record.h"

namespace idn::identity {

/// A CURVE public key: who a session is with, below the identity.
using TransportKey = std::array<std::uint8_t, 32>;

/// The records that carry a contact.
inline constexpr RecordKind kContactRecord{.domain = "idn/contact", .version = 1};

/// Where a node can be reached, and with which transport key; a newer one of the node has a greater sequence.
struct Contact {
  static constexpr std::size_t kMaxAddresses = 16;

  Multihash node_id;                 ///< of the node's public key: SHA2-256, SHA3-256 or Keccak-256
  std::vector<Multiaddr> addresses;  ///< the one to try first, first; none for a node that only calls others
  TransportKey transport_key{};
  std::int64_t sequence = 0;

  /// A record of this. Throws std::invalid_argument where the node ID is not the signer's, there are too many
  /// addresses, or the sequence is negative.
  [[nodiscard]] SignedRecord sign(const Signer& signer, std::int64_t expires_ms) const;

  /// The contact in a record that is valid now and signed by the node that it is of; positions are those in
  /// the payload, 0 for a record that SignedRecord::verify() does not find valid.
  static Result<Contact> from_record(const SignedRecord& record, std::int64_t now_ms);

  bool operator==(const Contact&) const = default;
};

}  // namespace idn::identity
