#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/cid.h"

namespace idn::store {

/// How a content store is opened. The limits hold for what this opening puts.
struct ContentLimits {
  /// The most bytes that all blocks have together; what was not used for the longest time makes room.
  std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max();
  /// Whether a store that is not there is made.
  bool create = true;
  /// Called when a signal comes while another process is waited for; what it throws ends the call.
  std::function<void()> interrupted = {};
};

/// A block whose bytes were not those of its CID, and what became of them.
struct DamagedBlock {
  identity::Cid cid;
  std::string reason;
};

/// What a look at every block found.
struct ContentCheck {
  std::uint64_t blocks = 0;  ///< whole ones
  std::uint64_t bytes = 0;
  std::vector<DamagedBlock> damaged;
  std::vector<identity::Cid> missing;  ///< pinned, but not in the store
};

/// Blocks and files by CID in a folder, shared by any number of processes (docs/content-store.md).
///
/// A CID of version 0 and that of version 1 with the same hash and codec dag-pb name one block; what the
/// store gives back is of version 1. A CID with the identity "hash" carries its block itself: it is always
/// there, and takes no room. Whatever the disk refuses is StoreError naming the path and the reason. Any
/// number of threads may use one object; nobody may change bytes while they are being put.
class ContentStore {
 public:
  /// Called now and then with the bytes done so far and those to be done in all; what it throws ends the
  /// work.
  using Progress = std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)>;

  /// Opens the store at `path`, and removes what writers that were killed left there.
  explicit ContentStore(const std::filesystem::path& path, const ContentLimits& limits = {});
  ~ContentStore();
  ContentStore(const ContentStore&) = delete;
  ContentStore& operator=(const ContentStore&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const;

  /// Stores a block and, with `pin`, pins it before anybody can evict it; on the disk when this returns. What
  /// is below it need not be here.
  ///
  /// Throws std::invalid_argument for more than identity::unixfs::kMaxBlockBytes.
  identity::Cid put(ByteView block, identity::Codec codec = identity::Codec::kRaw, bool pin = false);

  /// The same for bytes that somebody else says are the block of `cid`; refused if they are not.
  Result<identity::Cid> put_block(const identity::Cid& cid, ByteView block, bool pin = false);

  /// The bytes of a block, compared with its CID, or nothing if it is not here.
  ///
  /// A damaged block is StoreError naming its file, which is moved to the folder "damaged"; from then on the
  /// block is not here, and can be put again.
  std::optional<Bytes> get(const identity::Cid& cid);

  /// Whether there is a file for the block; its bytes are not looked at.
  [[nodiscard]] bool has(const identity::Cid& cid) const;

  /// Removes a block; false if it was not here. With `recursive`, all blocks below it go too, but for those
  /// that are pinned. Throws StoreError if the block itself is pinned or part of a file that is.
  bool remove(const identity::Cid& cid, bool recursive = false);

  /// Keeps a block, and all below it by the links of dag-pb blocks, from eviction and removal; what is here
  /// stays though a block above it is damaged later.
  ///
  /// Throws StoreError if one of them is not here, or has links that are not understood, unless `incomplete`:
  /// then each is kept once it comes, and pinning again, once all are here, makes the pin a whole one.
  void pin(const identity::Cid& cid, bool incomplete = false);

  /// Ends a pin; false if there was none. What a pin further up covers stays covered.
  bool unpin(const identity::Cid& cid);

  /// The pinned CIDs, in the order of their text.
  [[nodiscard]] std::vector<identity::Cid> pins() const;

  /// The CIDs of all blocks, in the order of their text.
  [[nodiscard]] std::vector<identity::Cid> list() const;

  /// How many blocks are here, and their bytes.
  [[nodiscard]] std::uint64_t blocks() const;
  [[nodiscard]] std::uint64_t bytes() const;

  /// Stores a file as a UnixFS tree of blocks; the root. No block of it is evicted before all are here.
  identity::Cid put_file(const std::filesystem::path& file, bool pin = false, const Progress& progress = {});

  /// Writes a file's bytes to `destination`, which appears whole or not at all; how many they are.
  ///
  /// Throws StoreError if a block is not here or damaged, if `cid` is no file, or if it has more than
  /// `max_file_bytes` or than the disk has room for.
  std::uint64_t get_file(const identity::Cid& cid, const std::filesystem::path& destination,
                         std::uint64_t max_file_bytes = std::numeric_limits<std::uint64_t>::max(),
                         const Progress& progress = {});

  /// Reads whatever lies in a block's place and counts anew; what is damaged is moved away as by get().
  ContentCheck verify(const Progress& progress = {});

 private:
  struct Parts;

  std::unique_ptr<Parts> parts_;
};

}  // namespace idn::store
