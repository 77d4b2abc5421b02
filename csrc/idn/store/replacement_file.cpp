#include "idn/store/replacement_file.h"

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
#include "idn/store/text.h"

namespace idn::store {
namespace {

[[noreturn]] void fail(const std::filesystem::path& target, const std::string& why) {
  throw StoreError("cannot write " + printable(target.string()) + ": " + why);
}

std::string system_reason(int error) { return std::generic_category().message(error); }

/// Where the bytes shall really be: a symbolic link stays one, and what it points to is replaced.
std::filesystem::path resolve(const std::filesystem::path& target) {
  std::error_code error;
  const auto kind = std::filesystem::status(target, error).type();
  if (kind == std::filesystem::file_type::directory)
    fail(target, "it is a directory; give the name of a file");
  if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular) {
    fail(target, kind == std::filesystem::file_type::none ? error.message() : "it is not a regular file");
  }
  auto resolved = std::filesystem::weakly_canonical(std::filesystem::absolute(target), error);
  if (error) fail(target, error.message());
  return resolved;
}

std::string random_name() {
  std::random_device device;
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), ".idn-%08x%08x.tmp", device(), device());
  return name.data();
}

}  // namespace

ReplacementFile::ReplacementFile(const std::filesystem::path& target)
    : target_(resolve(target)), temporary_(target_.parent_path() / random_name()), owner_(getpid()) {
  descriptor_ = open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) {
    const int error = errno;
    fail(target_, error == ENOENT
                      ? "its folder " + printable(target_.parent_path().string()) + " does not exist"
                      : system_reason(error));
  }
}

ReplacementFile::~ReplacementFile() {
  if (descriptor_ >= 0) close(descriptor_);
  // A forked child has a copy of this object, but the file is not the child's to remove.
  if (!temporary_.empty() && getpid() == owner_) unlink(temporary_.c_str());
}

void ReplacementFile::commit() {
  if (fsync(descriptor_) != 0) fail(target_, system_reason(errno));
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (close(descriptor) != 0) fail(target_, system_reason(errno));
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail(target_, system_reason(errno));
  temporary_.clear();
  // The name is durable once its folder is; a file system that cannot sync a folder has done all it can.
  const int folder = open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

}  // namespace idn::store
