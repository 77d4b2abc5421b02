#include "idn/store/content_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include "idn/identity/multiformats/unixfs.h"
#include "idn/store/content_name.h"
#include "idn/store/text.h"

namespace idn::store::content {
namespace {

using identity::unixfs::kMaxBlockBytes;

BlockFile describe(const struct stat& status) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

/// Makes a folder and those above it; the system's error, if there is one.
std::error_code make_root(const std::filesystem::path& path) {
  std::error_code error;
  std::vector<std::filesystem::path> parents{path.parent_path()};
  while (!std::filesystem::exists(parents.back(), error) && parents.back() != parents.back().parent_path())
    parents.push_back(parents.back().parent_path());
  if (!std::filesystem::create_directories(path, error) && error) return error;
  for (const std::filesystem::path& parent : parents) {
    // Somebody else's folder may be closed to readers, and is not brought to the disk then.
    if (const Descriptor folder(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); folder)
      sync_folder(folder, parent);
  }
  return {};
}

Descriptor open_root(const std::filesystem::path& path, bool create) {
  const std::error_code error = create ? make_root(path) : std::error_code();
  Descriptor root(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) fail("open", path, error ? error.message() : std::generic_category().message(errno));
  return root;
}

/// Reads a file of at most `size` bytes, which may shrink meanwhile; the system's error, if there is one.
std::optional<std::string> read_all(const Descriptor& file, Bytes& bytes, std::uint64_t size) {
  bytes.resize(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(file.number(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::generic_category().message(errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return std::nullopt;
}

ReadBlock damaged(std::string reason) { return {ReadBlock::State::kDamaged, {}, std::move(reason)}; }

}  // namespace

ContentFolder::ContentFolder(const std::filesystem::path& path, bool create,
                             std::function<void()> interrupted)
    : path_(std::filesystem::absolute(path)),
      interrupted_(std::move(interrupted)),
      root_(open_root(path_, create)) {
  const auto folder = [&](const std::string& name) {
    return create ? make_folder(root_.number(), name, path_ / name)
                  : open_folder(root_.number(), name, path_ / name);
  };
  blocks_ = folder("blocks");
  Descriptor pins = folder("pins");
  temporary_ = folder("tmp");
  damaged_ = folder("damaged");
  if (!blocks_ || !pins || !temporary_ || !damaged_) {
    fail("open", path_, "it is no content store: a folder of 'blocks', 'pins', 'tmp', 'damaged' is missing");
  }
  if (create) sync_folder(root_, path_);
  pins_ = PinFolder(std::move(pins), path_ / "pins");
  remove_leftovers(temporary_, temporary_path());
}

std::filesystem::path ContentFolder::place(const std::string& name) const {
  return shard_path(shard_of(name)) / name;
}

std::filesystem::path ContentFolder::shard_path(const std::string& shard) const {
  return path_ / "blocks" / shard;
}

/// The folder of a shard; none if it is not there.
Descriptor ContentFolder::open_shard(const std::string& shard) const {
  return open_folder(blocks_.number(), shard, shard_path(shard));
}

std::optional<BlockFile> ContentFolder::find(const std::string& name) const {
  const Descriptor shard = open_shard(shard_of(name));
  return shard ? find_in(shard, name) : std::nullopt;
}

std::optional<BlockFile> ContentFolder::find_in(const Descriptor& shard, const std::string& name) {
  struct stat status {};
  if (fstatat(shard.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  const BlockFile file = describe(status);
  if (!S_ISREG(status.st_mode) || file.size > kMaxBlockBytes) return std::nullopt;
  return file;
}

ReadBlock ContentFolder::read(const identity::Cid& cid, bool used) const {
  return read_place(block_name(cid), used, [&](ByteView bytes) { return cid.hash().matches(bytes); });
}

ReadBlock ContentFolder::compare(const std::string& name, ByteView block) const {
  ReadBlock found = read_place(name, true, [&](ByteView bytes) { return std::ranges::equal(bytes, block); });
  found.bytes.clear();
  return found;
}

/// Reads a block whose bytes are right if they fit.
ReadBlock ContentFolder::read_place(const std::string& name, bool used,
                                    const std::function<bool(ByteView)>& fits) const {
  const Descriptor folder = open_shard(shard_of(name));
  if (!folder) return {};
  // O_NONBLOCK, or a pipe put in the block's place would make us wait.
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Descriptor file(openat(folder.number(), name.c_str(), flags));
  if (!file && errno == ENOENT) return {};
  if (!file && errno == ELOOP) return damaged("it is a symbolic link");
  if (!file && errno == ENXIO) return damaged("it is a socket");
  struct stat status {};
  if (!file || fstat(file.number(), &status) != 0) fail("read", place(name), errno);
  if (!S_ISREG(status.st_mode)) return damaged("it is not a regular file");
  const BlockFile seen = describe(status);
  if (seen.size > kMaxBlockBytes) {
    return damaged("it has " + std::to_string(seen.size) + " bytes, and a block has at most " +
                   std::to_string(kMaxBlockBytes));
  }
  ReadBlock block{ReadBlock::State::kWhole, {}, ""};
  if (const auto error = read_all(file, block.bytes, seen.size)) return damaged(*error);
  if (!fits(block.bytes)) return damaged("its bytes do not have the hash in its name");
  if (used) mark_used(file);
  return block;
}

void ContentFolder::each_place(
    const std::function<void(const std::string&, const std::optional<BlockFile>&)>& visit) const {
  each_name(blocks_, path_ / "blocks", [&](const std::string& shard) {
    struct stat status {};
    // Foreign names, files and links are passed over.
    if (!is_shard(shard)) return;
    if (fstatat(blocks_.number(), shard.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISDIR(status.st_mode)) return;
    const Descriptor folder = open_shard(shard);
    if (!folder) return;
    each_name(folder, shard_path(shard), [&](const std::string& name) {
      const auto cid = cid_of_name(name);
      if (cid && !is_inline(*cid) && shard_of(name) == shard) visit(name, find_in(folder, name));
    });
  });
}

void ContentFolder::each_block(const std::function<void(const std::string&, const BlockFile&)>& visit) const {
  each_place([&](const std::string& name, const std::optional<BlockFile>& file) {
    if (file) visit(name, *file);
  });
}

std::unique_ptr<TemporaryFile> ContentFolder::prepare(ByteView bytes) const {
  auto file = std::make_unique<TemporaryFile>(temporary_, temporary_path(), kBlockSuffix);
  file->write(bytes);
  file->sync();
  return file;
}

void ContentFolder::put_in_place(TemporaryFile& file, const std::string& name) const {
  const std::string shard = shard_of(name);
  const Descriptor folder = make_folder(blocks_.number(), shard, shard_path(shard));
  file.move_to(folder, name, place(name));
}

void ContentFolder::sync_names(const std::string& shard) const {
  if (const Descriptor folder = open_shard(shard)) sync_folder(folder, shard_path(shard));
  sync_folder(blocks_, path_ / "blocks");
}

bool ContentFolder::remove(const std::string& name) const {
  const Descriptor folder = open_shard(shard_of(name));
  if (folder && unlinkat(folder.number(), name.c_str(), 0) == 0) return true;
  if (folder && errno != ENOENT) fail("remove", place(name), errno);
  return false;
}

std::string ContentFolder::set_aside(const std::string& name) const {
  const Descriptor folder = open_shard(shard_of(name));
  if (folder && renameat(folder.number(), name.c_str(), damaged_.number(), name.c_str()) == 0) {
    return "it was moved to " + in_quotes((path_ / "damaged" / name).string());
  }
  return "it could not be moved away: " + std::generic_category().message(errno);
}

}  // namespace idn::store::content
