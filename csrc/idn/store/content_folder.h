#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "idn/core/bytes.h"
#include "idn/identity/multiformats/cid.h"
#include "idn/store/content_descriptor.h"
#include "idn/store/content_pins.h"
#include "idn/store/content_temporary.h"

namespace idn::store::content {

/// A file at a block's place, by what the system says of it.
struct BlockFile {
  std::uint64_t size = 0;
  std::int64_t used_ns = 0;  ///< when it was last put or got, since 1970

  bool operator==(const BlockFile&) const = default;
};

/// What was found at a block's place.
struct ReadBlock {
  enum class State { kWhole, kAbsent, kDamaged };
  State state = State::kAbsent;
  Bytes bytes;         ///< of a whole block
  std::string reason;  ///< why it is damaged
};

/// A content store's folder: every step is taken from an open folder, and no symbolic link in it is followed.
///
/// Whoever changes blocks or pins holds the store's lock (`ContentLock`); who reads needs none.
class ContentFolder {
 public:
  /// Makes what is missing, if `create`, and removes what dead writers left.
  ContentFolder(const std::filesystem::path& path, bool create, std::function<void()> interrupted = {});

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// What is called when a signal comes while the store's lock is waited for.
  [[nodiscard]] const std::function<void()>& interrupted() const { return interrupted_; }
  [[nodiscard]] const Descriptor& root() const { return root_; }

  /// Where a block lies.
  [[nodiscard]] std::filesystem::path place(const std::string& name) const;

  /// The file at a block's place, or nothing if there is none that can be a block.
  [[nodiscard]] std::optional<BlockFile> find(const std::string& name) const;

  /// Reads what lies at the block's place and compares it with the CID; `used` marks a whole one as used now.
  [[nodiscard]] ReadBlock read(const identity::Cid& cid, bool used) const;

  /// Whether the block's place holds these very bytes, which are then marked as used now: a whole block
  /// without its bytes, a damaged one, or none.
  [[nodiscard]] ReadBlock compare(const std::string& name, ByteView block) const;

  /// Calls `visit` with the name of every block's place where something lies, and with its file if that can
  /// be the block, in no order.
  void each_place(
      const std::function<void(const std::string&, const std::optional<BlockFile>&)>& visit) const;

  /// Calls `visit` with the name and file of every block, in no order.
  void each_block(const std::function<void(const std::string&, const BlockFile&)>& visit) const;

  /// A file to become a block or a pin, with these bytes, on the disk.
  [[nodiscard]] std::unique_ptr<TemporaryFile> prepare(ByteView bytes) const;

  /// Gives a prepared block its place.
  void put_in_place(TemporaryFile& file, const std::string& name) const;

  /// Waits until the name of a block is on the disk.
  void sync_names(const std::string& shard) const;

  /// Removes a block's file; false if there was none.
  bool remove(const std::string& name) const;

  /// Moves what lies at a block's place to the folder "damaged", and says where it is now, or why it stays.
  [[nodiscard]] std::string set_aside(const std::string& name) const;

  [[nodiscard]] const PinFolder& pins() const { return pins_; }

  /// The folder of temporary files.
  [[nodiscard]] const Descriptor& temporary() const { return temporary_; }
  [[nodiscard]] std::filesystem::path temporary_path() const { return path_ / "tmp"; }

 private:
  [[nodiscard]] static std::optional<BlockFile> find_in(const Descriptor& shard, const std::string& name);
  [[nodiscard]] ReadBlock read_place(const std::string& name, bool used,
                                     const std::function<bool(ByteView)>& fits) const;
  [[nodiscard]] Descriptor open_shard(const std::string& shard) const;
  [[nodiscard]] std::filesystem::path shard_path(const std::string& shard) const;

  std::filesystem::path path_;
  std::function<void()> interrupted_;
  Descriptor root_;
  Descriptor blocks_;
  PinFolder pins_;
  Descriptor temporary_;
  Descriptor damaged_;
};

}  // namespace idn::store::content
