#include "idn/store/content_temporary.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <random>

namespace idn::store::content {
namespace {

constexpr std::string_view kPrefix = "idn-";
constexpr std::size_t kRandomLength = 16;

std::string random_name(std::string_view suffix) {
  std::random_device device;
  std::array<char, kRandomLength + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x%08x", device(), device());
  return std::string(kPrefix) + digits.data() + std::string(suffix);
}

/// Opens what may be a file of ours, or tells the error; neither if nothing is there or it is no file.
struct OpenedFile {
  Descriptor file = Descriptor();
  int error = 0;
};

OpenedFile open_file(const Descriptor& folder, const std::string& name) {
  // O_NONBLOCK, or a pipe put in its place would make us wait.
  Descriptor file(openat(folder.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return {};
  struct stat status {};
  if (!file || fstat(file.number(), &status) != 0) return {Descriptor(), errno};
  if (!S_ISREG(status.st_mode)) return {};
  return {std::move(file)};
}

}  // namespace

TemporaryFile::TemporaryFile(const Descriptor& folder, std::filesystem::path path, std::string_view suffix)
    : folder_(folder), path_(std::move(path)), owner_(getpid()) {
  while (!create(suffix)) {
  }
}

/// False if somebody looked at the new file before it was locked, and may have taken it for a leftover.
bool TemporaryFile::create(std::string_view suffix) {
  const std::string name = random_name(suffix);
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  Descriptor file(openat(folder_.number(), name.c_str(), flags, 0666));
  if (!file) {
    if (errno == EEXIST) return false;
    fail("write", path_ / name, errno);
  }
  struct stat status {};
  if (!lock_file(file.number(), LOCK_EX | LOCK_NB, path_ / name)) {
    unlinkat(folder_.number(), name.c_str(), 0);
    return false;
  }
  if (fstat(file.number(), &status) != 0) fail("write", path_ / name, errno);
  if (status.st_nlink == 0) return false;
  file_ = std::move(file);
  name_ = name;
  return true;
}

TemporaryFile::~TemporaryFile() {
  // A forked child has a copy of this object, but the file is not the child's to remove.
  if (!name_.empty() && getpid() == owner_) unlinkat(folder_.number(), name_.c_str(), 0);
}

void TemporaryFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path_ / name_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void TemporaryFile::sync() {
  mark_used(file_);
  if (fsync(file_.number()) != 0) fail("write", path_ / name_, errno);
}

void TemporaryFile::move_to(const Descriptor& shard, const std::string& name,
                            const std::filesystem::path& place) {
  if (renameat(folder_.number(), name_.c_str(), shard.number(), name.c_str()) != 0)
    fail("write", place, errno);
  name_.clear();
}

bool is_temporary(std::string_view name, std::string_view suffix) {
  return name.size() == kPrefix.size() + kRandomLength + suffix.size() && name.starts_with(kPrefix) &&
         name.ends_with(suffix);
}

Descriptor open_live(const Descriptor& folder, const std::string& name, const std::filesystem::path& path) {
  OpenedFile opened = open_file(folder, name);
  if (opened.error != 0) fail("open", path / name, opened.error);
  const bool dead = opened.file && lock_file(opened.file.number(), LOCK_SH | LOCK_NB, path / name);
  return dead ? Descriptor() : std::move(opened.file);
}

void remove_leftovers(const Descriptor& folder, const std::filesystem::path& path) {
  each_name(folder, path, [&](const std::string& name) {
    if (!is_temporary(name, kBlockSuffix) && !is_temporary(name, kLeaseSuffix)) return;
    const Descriptor file = open_file(folder, name).file;
    if (file && lock_file(file.number(), LOCK_EX | LOCK_NB, path / name)) {
      unlinkat(folder.number(), name.c_str(), 0);
    }
  });
}

void mark_used(const Descriptor& file) {
  // Finer than the system's own stamps, which may be some milliseconds old.
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch - seconds);
  const timespec now{seconds.count(), rest.count()};
  const std::array<timespec, 2> times{now, now};
  futimens(file.number(), times.data());  // somebody else's file keeps its time, and is the sooner evicted
}

}  // namespace idn::store::content
