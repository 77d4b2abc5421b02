#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/store/content_descriptor.h"

namespace idn::store::content {

/// What a temporary file is for, as the end of its name says.
inline constexpr std::string_view kBlockSuffix = ".block";
inline constexpr std::string_view kLeaseSuffix = ".lease";

/// A file in a store's folder for temporary ones, locked while its writer lives, and removed with its owner
/// unless it was put in place.
class TemporaryFile {
 public:
  /// `folder` must outlive this; `path` is its path, for messages.
  TemporaryFile(const Descriptor& folder, std::filesystem::path path, std::string_view suffix);
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  /// Appends bytes.
  void write(ByteView bytes);

  /// Waits until all is on the disk, with the present as time of its last use.
  void sync();

  /// Gives the file its place, replacing what is there.
  void move_to(const Descriptor& shard, const std::string& name, const std::filesystem::path& place);

 private:
  bool create(std::string_view suffix);

  const Descriptor& folder_;
  std::filesystem::path path_;
  std::string name_;
  Descriptor file_;
  pid_t owner_;
};

/// Whether a name in the folder of temporary files is one of ours, with this suffix.
bool is_temporary(std::string_view name, std::string_view suffix);

/// Opens a temporary file for reading if its writer lives; none for dead ones, and for what is no file. Fails
/// where the system does not let us see which.
Descriptor open_live(const Descriptor& folder, const std::string& name, const std::filesystem::path& path);

/// Removes the temporary files whose writers are dead.
void remove_leftovers(const Descriptor& folder, const std::filesystem::path& path);

/// Marks an open file as used now, for the order of eviction.
void mark_used(const Descriptor& file);

}  // namespace idn::store::content
