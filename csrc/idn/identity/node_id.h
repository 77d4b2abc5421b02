#pragma once

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/keys.h"
#include "idn/identity/multiformats/multihash.h"

namespace idn::identity {

/// The most leading zero bits that may be asked of a node ID: 2^64 key pairs are beyond everyone.
inline constexpr unsigned kMaxDifficulty = 64;

/// Whether node IDs may be made with it: SHA2-256, SHA3-256 or Keccak-256.
///
/// Each function more would give a key one more node ID; SHA-1 is broken, and the identity is no hash.
bool names_nodes(HashFunction function);

/// The node ID of a public key. Throws std::invalid_argument for a function that names no nodes.
Multihash node_id(const PublicKey& key, HashFunction function = HashFunction::kSha2Bits256);

/// How many zero bits a digest begins with (countPrecedingZeroBits, dissertation, section 7.1).
unsigned leading_zero_bits(ByteView digest);

/// Checks what a peer says of itself: that its node ID is the hash of its key, by a function that names
/// nodes, with at least `difficulty` leading zero bits.
///
/// Returns how many there are; a problem's position counts the bytes of the node ID. Throws
/// std::invalid_argument for a difficulty over kMaxDifficulty.
Result<unsigned> verify_node_id(const Multihash& node_id, const PublicKey& key, unsigned difficulty = 0);

/// Throws std::invalid_argument for a difficulty over kMaxDifficulty.
void check_difficulty(unsigned difficulty);

}  // namespace idn::identity
