#include "idn/store/content_descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "idn/core/error.h"
#include "idn/store/text.h"

namespace idn::store::content {

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

void fail(std::string_view verb, const std::filesystem::path& path, const std::string& why) {
  throw StoreError("cannot " + std::string(verb) + ' ' + in_quotes(path.string()) + ": " + why);
}

void fail(std::string_view verb, const std::filesystem::path& path, int error) {
  if (error == ELOOP) fail(verb, path, "it is a symbolic link, and none is followed inside a content store");
  fail(verb, path, std::generic_category().message(error));
}

Descriptor open_folder(int parent, const std::string& name, const std::filesystem::path& path) {
  Descriptor folder(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder && errno != ENOENT) {
    // With O_DIRECTORY a symbolic link is reported as no folder.
    struct stat status {};
    const int error = errno;
    const bool found = fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    fail("open", path, found && S_ISLNK(status.st_mode) ? ELOOP : error);
  }
  return folder;
}

Descriptor make_folder(int parent, const std::string& name, const std::filesystem::path& path) {
  if (Descriptor folder = open_folder(parent, name, path)) return folder;
  if (mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST) fail("make", path, errno);
  Descriptor folder = open_folder(parent, name, path);
  if (!folder) fail("open", path, ENOENT);
  return folder;
}

void each_name(const Descriptor& folder, const std::filesystem::path& path,
               const std::function<void(const std::string&)>& visit) {
  // A description of its own: two threads that list one folder must not share the place they have come to.
  Descriptor own(openat(folder.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) fail("list", path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own.number()), closedir);
  if (!stream) fail("list", path, errno);
  own.release();
  while (true) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr) break;
    visit(entry->d_name);
  }
  if (errno != 0) fail("list", path, errno);
}

void read_lines(const Descriptor& file, const std::filesystem::path& path, std::uint64_t& read_bytes,
                const std::function<void(std::string_view)>& visit) {
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = pread(file.number(), buffer.data(), buffer.size(), static_cast<off_t>(read_bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', start)) {
      visit(text.substr(start, end - start));
      start = end + 1;
    }
    if (start == 0) return;
    read_bytes += start;
  }
}

void sync_folder(const Descriptor& folder, const std::filesystem::path& path) {
  while (fsync(folder.number()) != 0) {
    if (errno == EINVAL || errno == ENOTSUP) return;
    if (errno != EINTR) fail("write", path, errno);
  }
}

bool lock_file(int descriptor, int operation, const std::filesystem::path& path,
               const std::function<void()>& interrupted) {
  while (flock(descriptor, operation) != 0) {
    if (errno == EWOULDBLOCK && (operation & LOCK_NB) != 0) return false;
    if (errno != EINTR) fail("lock", path, errno);
    if (interrupted) interrupted();
  }
  return true;
}

}  // namespace idn::store::content
