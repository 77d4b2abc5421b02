#include "idn/store/content_pins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "idn/store/content_name.h"

namespace idn::store::content {

PinFolder::PinFolder(Descriptor folder, std::filesystem::path path)
    : folder_(std::move(folder)), path_(std::move(path)) {}

void PinFolder::add(const std::string& name) const {
  const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Descriptor file(openat(folder_.number(), name.c_str(), flags, 0666));
  if (!file || fsync(file.number()) != 0) fail("write", path_ / name, errno);
  sync_folder(folder_);
  if (!has(name)) fail("write", path_ / name, "it is not a regular file");
}

void PinFolder::remove(const std::string& name) const {
  if (unlinkat(folder_.number(), name.c_str(), 0) != 0) fail("remove", path_ / name, errno);
  sync_folder(folder_);
}

bool PinFolder::has(const std::string& name) const {
  struct stat status {};
  if (fstatat(folder_.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
    return S_ISREG(status.st_mode);
  if (errno != ENOENT) fail("read", path_ / name, errno);
  return false;
}

std::vector<identity::Cid> PinFolder::list() const {
  std::vector<identity::Cid> cids;
  each_name(folder_, path_, [&](const std::string& name) {
    auto cid = cid_of_name(name);
    if (cid && has(name)) cids.push_back(*std::move(cid));
  });
  std::ranges::sort(cids, {}, block_name);
  return cids;
}

}  // namespace idn::store::content
