#include "idn/identity/node_id.h"

#include <bit>
#include <stdexcept>
#include <string>

#include "idn/core/counted.h"

namespace idn::identity {
namespace {

constexpr HashFunction kNaming[] = {HashFunction::kSha2Bits256, HashFunction::kSha3Bits256,
                                    HashFunction::kKeccak256};

std::string naming_functions() {
  std::string names;
  for (const HashFunction function : kNaming) {
    if (!names.empty()) names += ", ";
    names += to_string(function);
  }
  return names;
}

}  // namespace

bool names_nodes(HashFunction function) {
  for (const HashFunction naming : kNaming) {
    if (function == naming) return true;
  }
  return false;
}

Multihash node_id(const PublicKey& key, HashFunction function) {
  if (!names_nodes(function)) {
    throw std::invalid_argument("node IDs are not made with " + std::string(to_string(function)) +
                                ", expected one of " + naming_functions() + ".");
  }
  return Multihash::digest(key, function);
}

unsigned leading_zero_bits(ByteView digest) {
  unsigned count = 0;
  for (const std::uint8_t byte : digest) {
    if (byte != 0) return count + static_cast<unsigned>(std::countl_zero(byte));
    count += 8;
  }
  return count;
}

Result<unsigned> verify_node_id(const Multihash& node_id, const PublicKey& key, unsigned difficulty) {
  check_difficulty(difficulty);
  if (!names_nodes(node_id.function())) {
    return Problem{0, "a node ID made with " + std::string(to_string(node_id.function())) +
                          ", expected one of " + naming_functions()};
  }
  const std::size_t digest_at = node_id.bytes().size() - node_id.digest_bytes().size();
  if (!node_id.matches(key)) return Problem{digest_at, "the node ID is not the hash of the public key"};
  const unsigned found = leading_zero_bits(node_id.digest_bytes());
  if (found < difficulty) {
    return Problem{digest_at + found / 8, "the node ID has " + counted(found, "leading zero bit") +
                                              ", expected at least " + std::to_string(difficulty)};
  }
  return found;
}

void check_difficulty(unsigned difficulty) {
  if (difficulty <= kMaxDifficulty) return;
  throw std::invalid_argument("the difficulty is " + std::to_string(difficulty) + ", expected 0 to " +
                              std::to_string(kMaxDifficulty) + " leading zero bits.");
}

}  // namespace idn::identity
