#pragma once

#include <sys/types.h>

#include <filesystem>

namespace idn::store {

/// A temporary file beside a target, put in the target's place at commit() and removed otherwise.
///
/// Every failure is StoreError naming the target and the system's reason.
class ReplacementFile {
 public:
  explicit ReplacementFile(const std::filesystem::path& target);
  ~ReplacementFile();
  ReplacementFile(const ReplacementFile&) = delete;
  ReplacementFile& operator=(const ReplacementFile&) = delete;

  /// Open for reading and writing until commit().
  int descriptor() const { return descriptor_; }

  /// Waits for the disk, then renames; whoever opens the target sees the old file or the new one, whole.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  pid_t owner_ = 0;
};

}  // namespace idn::store
