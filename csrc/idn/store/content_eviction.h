#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "idn/store/content_folder.h"
#include "idn/store/content_lock.h"
#include "idn/store/content_protection.h"

namespace idn::store::content {

/// Keeps a store within its limit: removes the blocks that were not used for the longest time.
///
/// Used by who holds the store's lock.
class Eviction {
 public:
  explicit Eviction(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  /// Removes blocks until the incoming one fits.
  ///
  /// Throws StoreError, having removed nothing, if what is protected does not leave the room.
  void make_room(const ContentFolder& folder, ContentLock& lock, Protection& protection,
                 const IncomingBlock& incoming);

 private:
  struct Candidate {
    BlockFile file;
    std::string name;
  };

  // Candidates of earlier are passed over once they were used; readers, who take no lock, may use fresh ones.
  enum class Age { kUnused, kAny };

  [[nodiscard]] std::uint64_t needed(const Usage& usage, std::uint64_t incoming_bytes) const;
  std::vector<Candidate> take(const ContentFolder& folder, const Protection& protection, std::uint64_t bytes,
                              Age age);
  std::uint64_t scan(const ContentFolder& folder, ContentLock& lock, const Protection& protection);

  std::uint64_t limit_bytes_;
  std::uint64_t pins_ = 0;             // as the pins were when the candidates were found
  std::vector<Candidate> candidates_;  // the last one first
};

}  // namespace idn::store::content
