#pragma once

#include <mutex>
#include <string>

#include "idn/store/content.h"
#include "idn/store/content_eviction.h"
#include "idn/store/content_folder.h"
#include "idn/store/content_lock.h"
#include "idn/store/content_protection.h"

namespace idn::store {

/// What a ContentStore is made of.
struct ContentStore::Parts {
  Parts(const std::filesystem::path& path, const ContentLimits& limits)
      : max_bytes(limits.max_bytes),
        folder(path, limits.create, limits.interrupted),
        eviction(limits.max_bytes) {}

  /// Stores a block whose bytes are known to be those of the CID; its name may not be on the disk yet.
  void store(const identity::Cid& cid, ByteView block, bool pin);

  /// Reads a block. A damaged one is moved away, and its reason says where it is now.
  content::ReadBlock read(const identity::Cid& cid, bool used);

  /// The block's bytes, or nothing; a damaged one is StoreError.
  std::optional<Bytes> get(const identity::Cid& cid);

  const std::uint64_t max_bytes;
  const content::ContentFolder folder;
  // The lock excludes other processes, and the mutex the other threads: it also orders their memory.
  std::mutex mutex;
  content::Protection protection;
  content::Eviction eviction;

 private:
  bool adopt(content::ContentLock& lock, const std::string& name, ByteView block, bool pin) const;
};

namespace content {

/// Adds a pin of a block and what is found below it, or adds to what its pin knows.
void add_pin(const ContentFolder& folder, ContentLock& lock, const std::string& name);

/// Removes a pin; false if there was none.
bool remove_pin(const ContentFolder& folder, ContentLock& lock, const std::string& name);

}  // namespace content
}  // namespace idn::store
