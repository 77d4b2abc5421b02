#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include "idn/identity/multiformats/file_builder.h"
#include "idn/identity/multiformats/file_reader.h"
#include "idn/store/content_name.h"
#include "idn/store/content_parts.h"
#include "idn/store/replacement_file.h"

namespace idn::store {

using content::Descriptor;
using content::fail;
using identity::Cid;

namespace {

/// A file to be read, and how long it is.
struct Source {
  Descriptor file;
  std::uint64_t bytes = 0;
};

Source open_source(const std::filesystem::path& path, std::uint64_t max_bytes) {
  // O_NONBLOCK, or a pipe would make us wait.
  Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || fstat(file.number(), &status) != 0) fail("read", path, std::generic_category().message(errno));
  if (!S_ISREG(status.st_mode)) fail("read", path, "it is not a regular file");
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  if (bytes > max_bytes) {
    fail("store", path,
         "it has " + std::to_string(bytes) + " bytes, and the store's limit is " + std::to_string(max_bytes) +
             "; raise max_bytes");
  }
  return {std::move(file), bytes};
}

std::size_t read_some(const Descriptor& file, Bytes& buffer, const std::filesystem::path& path) {
  while (true) {
    const ssize_t got = read(file.number(), buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) fail("read", path, errno);
  }
}

void write_all(int descriptor, ByteView bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

/// Fails before anything is written to a disk that cannot hold it all.
void check_space(const std::filesystem::path& destination, std::uint64_t file_bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::absolute(destination).parent_path(), error);
  if (!error && space.available < file_bytes) {
    fail("write", destination,
         "the file has " + std::to_string(file_bytes) + " bytes, and " + std::to_string(space.available) +
             " are free there");
  }
}

}  // namespace

Cid ContentStore::put_file(const std::filesystem::path& file, bool pin, const Progress& progress) {
  constexpr std::size_t kReadBytes = std::size_t{1} << 20;
  const Source source = open_source(file, parts_->max_bytes);
  content::Lease lease(parts_->folder);
  std::set<std::string> shards;
  identity::unixfs::FileBuilder builder([&](const Cid& cid, ByteView block) {
    const std::string name = content::block_name(cid);
    lease.add(name);
    parts_->store(cid, block, false);
    shards.insert(content::shard_of(name));
  });
  Bytes buffer(kReadBytes);
  while (const std::size_t got = read_some(source.file, buffer, file)) {
    builder.append(ByteView(buffer).first(got));
    const std::uint64_t done = builder.file_bytes();
    if (progress) progress(done, std::max(done, source.bytes));
  }
  Cid root = builder.finish();
  for (const std::string& shard : shards) parts_->folder.sync_names(shard);
  if (pin) {
    const std::scoped_lock guard(parts_->mutex);
    content::ContentLock lock(parts_->folder);
    content::add_pin(parts_->folder, lock, content::block_name(root));
  }
  return root;
}

std::uint64_t ContentStore::get_file(const Cid& cid, const std::filesystem::path& destination,
                                     std::uint64_t max_file_bytes, const Progress& progress) {
  auto opened = identity::unixfs::FileReader::open(cid, max_file_bytes);
  if (!opened) fail("write", destination, cid.text() + " is not taken: " + opened.problem().reason);
  identity::unixfs::FileReader reader = *std::move(opened);
  ReplacementFile target(destination);
  std::uint64_t written = 0;
  bool checked = false;
  while (const auto wanted = reader.wanted()) {
    const auto block = parts_->get(*wanted);
    if (!block) fail("write", destination, "block " + wanted->text() + " of the file is not in the store");
    const auto bytes = reader.accept(*block);
    if (!bytes) {
      fail("write", destination,
           "block " + wanted->text() + " is not of a file that can be read: " + to_string(bytes.problem()));
    }
    const std::uint64_t total = reader.file_bytes().value_or(0);
    if (!checked) check_space(destination, total);
    checked = true;
    write_all(target.descriptor(), *bytes, destination);
    written += bytes->size();
    if (progress) progress(written, total);
  }
  target.commit();
  return written;
}

}  // namespace idn::store
