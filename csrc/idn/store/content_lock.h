#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>

#include "idn/store/content_descriptor.h"
#include "idn/store/content_folder.h"

namespace idn::store::content {

/// What a store holds. It is kept in the file "usage", which saves counting and no more: the folder is the
/// truth.
struct Usage {
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pins = 0;  ///< a random number, another one after each change of the pins

  /// With one block more, or one less. A file that somebody changed by hand may leave less than nothing.
  [[nodiscard]] Usage with(std::uint64_t size) const { return {blocks + 1, bytes + size, pins}; }
  [[nodiscard]] Usage without(std::uint64_t size) const {
    return {blocks - (blocks > 0 ? 1 : 0), bytes - (bytes < size ? bytes : size), pins};
  }
};

/// A folder that is locked as long as this lives, by the process that locked it.
class LockedFolder {
 public:
  /// Waits for the lock; what `interrupted` throws, called after a signal, ends the wait.
  LockedFolder(const Descriptor& folder, const std::filesystem::path& path,
               const std::function<void()>& interrupted);
  LockedFolder(const LockedFolder&) = delete;
  LockedFolder& operator=(const LockedFolder&) = delete;
  ~LockedFolder();

 private:
  Descriptor folder_;
  pid_t owner_;
};

/// The right to change a store: one thread of one process has it at a time.
///
/// The lock lies on the store's folder, which nobody removes by hand as they may the usage.
///
/// A change stands between begin_change() and end_change(). Whoever dies between them, or loses power, leaves
/// the usage marked as uncertain, and the next one to take the lock counts the blocks again.
class ContentLock {
 public:
  /// Waits for the lock.
  explicit ContentLock(const ContentFolder& folder);

  [[nodiscard]] const Usage& usage() const { return usage_; }

  void begin_change();
  void end_change(const Usage& usage);

  /// Counts the blocks; the pins are taken as changed.
  void recount();

 private:
  [[nodiscard]] bool read_usage();
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "usage"; }

  const ContentFolder& folder_;
  LockedFolder locked_;
  Descriptor file_;
  Usage usage_;
};

/// A number for Usage::pins that was not there before.
std::uint64_t new_pins_number();

}  // namespace idn::store::content
