#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "idn/identity/keys.h"
#include "idn/identity/multiformats/multihash.h"
#include "idn/identity/node_id.h"

namespace idn::identity {

/// The most threads that a search may be given.
inline constexpr unsigned kMaxSearchThreads = 1024;

/// How far a search is. Each key pair is a fresh throw of the dice, so what is left to do does not shrink.
struct SearchProgress {
  unsigned difficulty = 0;
  std::uint64_t candidates = 0;  ///< key pairs tried
  double seconds = 0.0;

  /// Key pairs tried in a second so far; 0 at the very beginning.
  [[nodiscard]] double rate() const;

  /// 2^difficulty: the mean number of key pairs that it takes, from now on as from the beginning.
  [[nodiscard]] double expected_candidates() const;

  /// The mean time that it takes from now on, at the rate so far; infinite while that is 0.
  [[nodiscard]] double expected_seconds() const;

  /// The probability in [0, 1] that so many key pairs would have been enough.
  [[nodiscard]] double chance() const;
};

struct SearchOptions {
  HashFunction function = HashFunction::kSha2Bits256;

  /// As many as there are cores if 0.
  unsigned threads = 0;

  /// Called on the caller's thread at every interval; the search ends without a result once it returns false.
  std::function<bool(const SearchProgress&)> go_on{};
  std::chrono::milliseconds interval{100};
};

/// A node ID, its key, and what it took to find them.
struct FoundNodeId {
  Multihash node_id;
  PrivateKey key;
  SearchProgress progress;
};

/// Makes key pairs until a node ID has at least `difficulty` leading zero bits (GenerateNodeID, dissertation,
/// section 7.1); nothing if `go_on` ended it.
///
/// Every seed comes from ChaCha20 under a key from the system's random numbers that no other thread has, and
/// none can be computed from another. All threads have ended when it returns or throws. Throws
/// std::invalid_argument for a difficulty over kMaxDifficulty, more than kMaxSearchThreads, or a function
/// that names no nodes; what `go_on` throws reaches the caller.
std::optional<FoundNodeId> generate_node_id(unsigned difficulty, const SearchOptions& options = {});

}  // namespace idn::identity
