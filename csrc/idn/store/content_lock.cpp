#include "idn/store/content_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

namespace idn::store::content {
namespace {

constexpr char kUncertain = '?';
constexpr std::size_t kRecordBytes = 128;

/// What the system calls its current run: after a loss of power, a usage of before is not to be believed.
std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id.substr(0, 40);
}

/// The file's text, always as long: it is written over in place, even when the disk is full.
std::string record(const Usage& usage) {
  static const std::string boot = boot_id();
  std::array<char, kRecordBytes + 1> text{};
  std::snprintf(text.data(), text.size(), "idn-content 1 %" PRIu64 " %" PRIu64 " %" PRIu64 " %s",
                usage.blocks, usage.bytes, usage.pins, boot.c_str());
  std::string padded = text.data();
  padded.resize(kRecordBytes - 1, ' ');
  return padded + '\n';
}

}  // namespace

LockedFolder::LockedFolder(const Descriptor& folder, const std::filesystem::path& path,
                           const std::function<void()>& interrupted)
    // A description of its own: threads that share one would share its lock.
    : folder_(openat(folder.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), owner_(getpid()) {
  if (!folder_) fail("open", path, errno);
  lock_file(folder_.number(), LOCK_EX, path, interrupted);
}

LockedFolder::~LockedFolder() {
  // To close is not enough: children forked meanwhile have the description too. They must not end the lock.
  if (getpid() == owner_) flock(folder_.number(), LOCK_UN);
}

ContentLock::ContentLock(const ContentFolder& folder)
    : folder_(folder), locked_(folder.root(), folder.path(), folder.interrupted()) {
  const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  file_ = Descriptor(openat(folder.root().number(), "usage", flags, 0666));
  struct stat status {};
  if (!file_ || fstat(file_.number(), &status) != 0) fail("open", path(), errno);
  if (!S_ISREG(status.st_mode)) fail("open", path(), "it is not a regular file");
  if (!read_usage()) recount();
}

bool ContentLock::read_usage() {
  std::string text(kRecordBytes, '\0');
  if (pread(file_.number(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return false;
  Usage usage;
  const int fields = std::sscanf(text.c_str(), "idn-content 1 %" SCNu64 " %" SCNu64 " %" SCNu64,
                                 &usage.blocks, &usage.bytes, &usage.pins);
  if (fields != 3 || record(usage) != text) return false;
  usage_ = usage;
  return true;
}

void ContentLock::begin_change() {
  if (pwrite(file_.number(), &kUncertain, 1, 0) != 1) fail("write", path(), errno);
}

void ContentLock::end_change(const Usage& usage) {
  usage_ = usage;
  const std::string text = record(usage);
  // What was changed stands, whatever becomes of this: a usage not written stays uncertain.
  if (pwrite(file_.number(), text.data(), text.size(), 0) < 0) return;
}

void ContentLock::recount() {
  begin_change();
  Usage counted{0, 0, new_pins_number()};
  folder_.each_block([&](const std::string&, const BlockFile& file) {
    ++counted.blocks;
    counted.bytes += file.size;
  });
  end_change(counted);
}

std::uint64_t new_pins_number() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace idn::store::content
