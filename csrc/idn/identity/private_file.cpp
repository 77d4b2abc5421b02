#include "idn/identity/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>

#include "idn/core/error.h"
#include "idn/core/printable.h"

namespace idn::identity {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

std::string name_of(const std::filesystem::path& path) { return "identity file " + in_quotes(path.string()); }

[[noreturn]] void fail(const char* task, const std::filesystem::path& path, const std::string& why) {
  throw IdentityError(std::string("cannot ") + task + " " + name_of(path) + ": " + why + ".");
}

std::string reason(int error) { return std::generic_category().message(error); }

// Why a file could not be opened or made: what the system forbids is told apart.
[[noreturn]] void fail_to_open(const char* task, const std::filesystem::path& path, int error) {
  if (error != EACCES && error != EPERM) fail(task, path, reason(error));
  throw WrongPermissions(std::string("cannot ") + task + " " + name_of(path) + ": " + reason(error) + ".");
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

// A new name beside a file, for what shall not be seen under its own.
std::filesystem::path beside(const std::filesystem::path& target) {
  std::random_device device;
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), ".idn-%08x%08x.tmp", device(), device());
  std::error_code error;  // of an empty path, or where the working folder is gone
  const std::filesystem::path whole = std::filesystem::absolute(target, error);
  if (error) fail("write", target, error.message());
  return whole.parent_path() / name.data();
}

// A new file beside the target, removed where this goes.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& target) : path_(beside(target)), file_(create()) {
    const int error = errno;
    if (file_.get() >= 0) return;
    if (error != ENOENT) fail_to_open("write", target, error);
    fail("write", target, "its folder " + in_quotes(path_.parent_path().string()) + " does not exist");
  }
  ~Temporary() { unlink(path_.c_str()); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  [[nodiscard]] int create() const {
    return open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  }

  std::filesystem::path path_;
  Descriptor file_;
};

// Returns the system's error, or 0.
int write_all(int descriptor, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) content = content.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

void sync_folder(const std::filesystem::path& folder) {
  // The name is durable once its folder is; a file system that cannot sync a folder has done all it can.
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return;  // a folder that may be written and not read
  while (fsync(opened.get()) != 0) {
    if (errno == EINVAL || errno == ENOTSUP) return;
    if (errno != EINTR) fail("write", folder, reason(errno));
  }
}

void check_owner(const std::filesystem::path& path, uid_t owner) {
  if (owner == geteuid()) return;
  throw WrongPermissions(name_of(path) + " belongs to user " + std::to_string(owner) + ", expected user " +
                         std::to_string(geteuid()) + ", who reads it: another may have put it there.");
}

void check_mode(const std::filesystem::path& path, mode_t mode) {
  if ((mode & kOthers) == 0) return;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777));
  throw WrongPermissions(
      name_of(path) + " has mode " + octal.data() +
      ", expected of an identity that its owner alone may use it; if it is one: chmod 600 " +
      printable(path.string()));
}

void fill(const Temporary& temporary, const std::filesystem::path& path, ByteView content) {
  // A mask may have taken the owner's own right to read away.
  if (fchmod(temporary.descriptor(), S_IRUSR | S_IWUSR) != 0) fail("write", path, reason(errno));
  if (const int error = write_all(temporary.descriptor(), content)) fail("write", path, reason(error));
  if (fsync(temporary.descriptor()) != 0) fail("write", path, reason(errno));
}

// Gives a file a name that nothing has yet. Returns the system's error, or 0.
int name_newly(const std::filesystem::path& file, const std::filesystem::path& name) {
  // A link, unlike a plain renaming, is refused where there is something already.
  if (link(file.c_str(), name.c_str()) == 0) return 0;
  if (errno != EPERM && errno != EOPNOTSUPP) return errno;
  // So a file system says that it has no links (FAT, some network ones).
  return renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
}

[[noreturn]] void fail_to_name(const std::filesystem::path& path, int error) {
  fail("write", path, error == EEXIST ? "it exists already and is not overwritten unasked" : reason(error));
}

}  // namespace

void write_private_file(const std::filesystem::path& path, ByteView content, bool overwrite) {
  const Temporary temporary(path);
  fill(temporary, path, content);
  int error = 0;
  if (!overwrite) {
    error = name_newly(temporary.path(), path);
  } else if (rename(temporary.path().c_str(), path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) fail_to_name(path, error);
  sync_folder(temporary.path().parent_path());
}

void rehearse_private_file(const std::filesystem::path& path, ByteView content, bool overwrite) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) {
    if (!overwrite) fail_to_name(path, EEXIST);
    if (S_ISDIR(status.st_mode)) fail("write", path, reason(EISDIR));
  } else if (errno != ENOENT) {
    fail_to_open("write", path, errno);
  }
  const Temporary temporary(path);
  fill(temporary, path, content);
  const std::filesystem::path name = beside(path);
  if (const int error = name_newly(temporary.path(), name)) fail("write", path, reason(error));
  unlink(name.c_str());
}

Bytes read_private_file(const std::filesystem::path& path, std::size_t max_bytes) {
  // Without O_NONBLOCK, a pipe of that name would make us wait for ever.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0 && errno == ENOENT) throw MissingIdentity(name_of(path) + " does not exist.");
  if (file.get() < 0) fail_to_open("read", path, errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail("read", path, reason(errno));
  if (!S_ISREG(status.st_mode)) fail("read", path, "it is not a regular file");
  check_owner(path, status.st_uid);
  check_mode(path, status.st_mode);
  Bytes content(max_bytes + 1);  // one more, to see whether it goes on
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = read(file.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno != EINTR) fail("read", path, reason(errno));
    if (count == 0) break;
    if (count > 0) size += static_cast<std::size_t>(count);
  }
  if (size > max_bytes) {
    throw DamagedIdentity(name_of(path) + " is damaged or none: it has more than " +
                          std::to_string(max_bytes) + " bytes.");
  }
  content.resize(size);
  return content;
}

}  // namespace idn::identity
