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

// A new file beside the target, removed where this goes.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& target) : path_(beside(target)), file_(create()) {
    const int error = errno;
    if (file_.get() >= 0) return;
    const std::string folder = in_quotes(path_.parent_path().string());
    fail("write", target, error == ENOENT ? "its folder " + folder + " does not exist" : reason(error));
  }
  ~Temporary() { unlink(path_.c_str()); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  static std::filesystem::path beside(const std::filesystem::path& target) {
    std::random_device device;
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), ".idn-%08x%08x.tmp", device(), device());
    return std::filesystem::absolute(target).parent_path() / name.data();
  }

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
  if (opened.get() >= 0) fsync(opened.get());
}

void check_mode(const std::filesystem::path& path, mode_t mode) {
  if ((mode & kOthers) == 0) return;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777));
  throw WrongPermissions(name_of(path) + " has mode " + octal.data() +
                         ", expected that its owner alone may use it: chmod 600 " + printable(path.string()));
}

}  // namespace

void write_private_file(const std::filesystem::path& path, ByteView content, bool overwrite) {
  const Temporary temporary(path);
  // A mask may have taken the owner's own right to read away.
  if (fchmod(temporary.descriptor(), S_IRUSR | S_IWUSR) != 0) fail("write", path, reason(errno));
  if (const int error = write_all(temporary.descriptor(), content)) fail("write", path, reason(error));
  if (fsync(temporary.descriptor()) != 0) fail("write", path, reason(errno));
  // A link, unlike a renaming, is refused where there is something already.
  const int outcome = overwrite ? rename(temporary.path().c_str(), path.c_str())
                                : link(temporary.path().c_str(), path.c_str());
  if (outcome != 0) {
    fail("write", path, errno == EEXIST ? "it exists already and is not overwritten unasked" : reason(errno));
  }
  sync_folder(temporary.path().parent_path());
}

Bytes read_private_file(const std::filesystem::path& path, std::size_t max_bytes) {
  // Without O_NONBLOCK, a pipe of that name would make us wait for ever.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0 && errno == ENOENT) throw MissingIdentity(name_of(path) + " does not exist.");
  if (file.get() < 0) fail("read", path, reason(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail("read", path, reason(errno));
  if (!S_ISREG(status.st_mode)) fail("read", path, "it is not a regular file");
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
