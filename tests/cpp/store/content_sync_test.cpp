#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>

#include "content_blocks.h"
#include "idn/store/content.h"
#include "idn/store/content_descriptor.h"
#include "temporary_folder.h"

namespace {

// What the program brought to the disk, and the error for folders.
std::mutex guard;
std::set<ino_t> synced;
int folder_error = 0;

}  // namespace

// Stands before the system's own, which says nothing of what it did.
extern "C" int fsync(int descriptor) {
  struct stat status {};
  const std::scoped_lock lock(guard);
  if (fstat(descriptor, &status) == 0) synced.insert(status.st_ino);
  if (S_ISDIR(status.st_mode) && folder_error != 0) {
    errno = folder_error;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}

namespace idn::store {
namespace {

bool is_synced(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  const std::scoped_lock lock(guard);
  return synced.contains(status.st_ino);
}

void set_folder_error(int error) {
  const std::scoped_lock lock(guard);
  folder_error = error;
}

TEST(ContentSync, ANewStoresFoldersAreOnTheDisk) {
  const TemporaryFolder folder;
  {
    const std::scoped_lock lock(guard);
    synced.clear();
  }
  const ContentStore store(folder / "deep" / "er");
  EXPECT_TRUE(is_synced(store.path()));
  EXPECT_TRUE(is_synced(folder / "deep"));
  EXPECT_TRUE(is_synced(folder.path()));
}

TEST(ContentSync, AFolderThatTheDiskDoesNotTakeIsAnError) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  set_folder_error(EIO);
  const std::string put = store_error([&] { store.put(block(1)); });
  const std::string made = store_error([&] { ContentStore(folder / "other"); });
  set_folder_error(EINVAL);  // of file systems that bring no folders to the disk
  const std::string passed_over = store_error([&] { store.put(block(2), identity::Codec::kRaw, true); });
  set_folder_error(0);
  EXPECT_NE(put.find("blocks"), std::string::npos) << put;
  EXPECT_NE(made.find("Input/output error"), std::string::npos) << made;
  EXPECT_EQ(passed_over, "no StoreError");
}

}  // namespace
}  // namespace idn::store
