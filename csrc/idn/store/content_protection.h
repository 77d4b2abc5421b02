#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "idn/identity/multiformats/cid.h"
#include "idn/store/content_folder.h"
#include "idn/store/content_lock.h"
#include "idn/store/content_tree.h"

namespace idn::store::content {

/// What a writer needs until it is done: the blocks of a file of which the root is not known yet. No process
/// evicts them meanwhile; the lease ends with its owner, however that dies.
class Lease {
 public:
  explicit Lease(const ContentFolder& folder);

  /// Takes a block under the lease, before it is put.
  void add(const std::string& name);

 private:
  TemporaryFile file_;
};

/// A block about to be put.
struct IncomingBlock {
  std::string name;
  std::uint64_t bytes = 0;
  bool pin = false;
  std::vector<identity::Cid> links;
};

/// What may not be evicted: pinned blocks with all below them, and the blocks under somebody's lease.
///
/// Used by who holds the store's lock.
class Protection {
 public:
  /// Reads what has changed since the last time.
  void refresh(const ContentFolder& folder, const ContentLock& lock);

  /// Covers what is below a block that is about to come, if it is or will be pinned, until the next refresh.
  void expect(const ContentFolder& folder, const IncomingBlock& block);

  /// Whether a pin covers the block, its own or one of a block above it.
  [[nodiscard]] bool is_pinned(const std::string& name) const { return pinned_.contains(name); }

  /// The names of all pinned blocks, those not here included.
  [[nodiscard]] const Names& pinned() const { return pinned_; }

  [[nodiscard]] bool covers(const std::string& name) const;

 private:
  struct Leased {
    std::uint64_t read_bytes = 0;
    Names names;
  };

  void refresh_pins(const ContentFolder& folder, std::uint64_t pins);
  void refresh_leases(const ContentFolder& folder);

  std::uint64_t pins_ = 0;
  bool known_ = false;
  Names pinned_;
  std::vector<identity::Cid>
      unread_;  // pinned blocks not here yet, so that nothing is known of what is below
  Names expected_;
  std::map<std::string, Leased> leases_;
};

}  // namespace idn::store::content
