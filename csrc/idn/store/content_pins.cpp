#include "idn/store/content_pins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "idn/store/content_name.h"

namespace idn::store::content {

PinFolder::PinFolder(Descriptor folder, std::filesystem::path path)
    : folder_(std::move(folder)), path_(std::move(path)) {}

void PinFolder::add(const std::string& name, TemporaryFile& file) const {
  file.move_to(folder_, name, path_ / name);
  sync_folder(folder_, path_);
}

void PinFolder::remove(const std::string& name) const {
  if (unlinkat(folder_.number(), name.c_str(), 0) != 0) fail("remove", path_ / name, errno);
  sync_folder(folder_, path_);
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

std::vector<identity::Cid> PinFolder::covered(const std::string& name) const {
  std::vector<identity::Cid> cids{cid_of(name)};
  if (!has(name)) return cids;
  const Descriptor file(openat(folder_.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) fail("read", path_ / name, errno);
  std::uint64_t read_bytes = 0;
  read_lines(file, path_ / name, read_bytes, [&](std::string_view line) {
    if (auto cid = cid_of_name(line)) cids.push_back(*std::move(cid));
  });
  return cids;
}

std::vector<identity::Cid> PinFolder::covered() const {
  std::vector<identity::Cid> cids;
  for (const identity::Cid& pinned : list())
    std::ranges::move(covered(block_name(pinned)), std::back_inserter(cids));
  return cids;
}

}  // namespace idn::store::content
