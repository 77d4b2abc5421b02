#include "idn/store/content.h"

#include <algorithm>
#include <stdexcept>

#include "idn/identity/multiformats/unixfs.h"
#include "idn/store/content_name.h"
#include "idn/store/content_parts.h"

namespace idn::store {

using content::ContentLock;
using content::Names;
using identity::Cid;
using identity::unixfs::kMaxBlockBytes;

namespace {

const ContentLimits& checked(const ContentLimits& limits) {
  if (limits.max_bytes == 0)
    throw std::invalid_argument("content store: max_bytes is 0, expected at least 1.");
  return limits;
}

std::string too_long(std::size_t bytes) {
  return "a block has at most " + std::to_string(kMaxBlockBytes) + " bytes, not " + std::to_string(bytes);
}

/// The CIDs of names, in the names' order.
std::vector<Cid> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  std::vector<Cid> cids;
  cids.reserve(names.size());
  for (const std::string& name : names) cids.push_back(content::cid_of(name));
  return cids;
}

}  // namespace

ContentStore::ContentStore(const std::filesystem::path& path, const ContentLimits& limits)
    : parts_(std::make_unique<Parts>(path, checked(limits))) {
  const ContentLock counted(parts_->folder);
}

ContentStore::~ContentStore() = default;

const std::filesystem::path& ContentStore::path() const { return parts_->folder.path(); }

Cid ContentStore::put(ByteView block, identity::Codec codec, bool pin) {
  if (block.size() > kMaxBlockBytes)
    throw std::invalid_argument("content store: " + too_long(block.size()) + "; put_file() cuts a file.");
  Cid cid = Cid::of(block, codec);
  parts_->store(cid, block, pin);
  parts_->folder.sync_names(content::shard_of(content::block_name(cid)));
  return cid;
}

Result<Cid> ContentStore::put_block(const Cid& cid, ByteView block, bool pin) {
  if (block.size() > kMaxBlockBytes) return Problem{kMaxBlockBytes, too_long(block.size())};
  if (!cid.hash().matches(block)) return Problem{0, "the bytes are not the block of " + cid.text()};
  const std::string name = content::block_name(cid);
  if (content::is_inline(cid)) return cid;
  parts_->store(cid, block, pin);
  parts_->folder.sync_names(content::shard_of(name));
  return Cid::v1(cid.codec(), cid.hash());
}

std::optional<Bytes> ContentStore::get(const Cid& cid) { return parts_->get(cid); }

bool ContentStore::has(const Cid& cid) const {
  return content::is_inline(cid) || parts_->folder.find(content::block_name(cid)).has_value();
}

bool ContentStore::remove(const Cid& cid, bool recursive) {
  const std::string name = content::block_name(cid);
  const std::scoped_lock guard(parts_->mutex);
  ContentLock lock(parts_->folder);
  parts_->protection.refresh(parts_->folder, lock);
  if (parts_->protection.covers(name)) {
    const bool pinned = parts_->protection.is_pinned(name);
    content::fail("remove", parts_->folder.place(name),
                  parts_->folder.pins().has(name) ? "it is pinned; unpin it first"
                  : pinned                        ? "it is part of something pinned; unpin that first"
                                                  : "it is part of a file that is being put");
  }
  Names names{name};
  if (recursive) {
    names.clear();
    content::add_tree(parts_->folder, {cid}, names);
  }
  const bool found = parts_->folder.find(name).has_value();
  lock.begin_change();
  content::Usage usage = lock.usage();
  for (const std::string& one : names) {
    const auto file = parts_->folder.find(one);
    if (!file || parts_->protection.covers(one)) continue;
    if (parts_->folder.remove(one)) usage = usage.without(file->size);
  }
  lock.end_change(usage);
  return found;
}

void ContentStore::pin(const Cid& cid, bool incomplete) {
  const std::string name = content::block_name(cid);
  const std::scoped_lock guard(parts_->mutex);
  ContentLock lock(parts_->folder);
  if (!incomplete) {
    Names names;
    Names missing;
    const content::Unseen unseen = content::add_tree(parts_->folder, {cid}, names);
    for (const Cid& one : unseen.unread) missing.insert(content::block_name(one));
    for (const Cid& one : unseen.unclear) missing.insert(content::block_name(one));
    for (const std::string& one : names) {
      if (!has(content::cid_of(one))) missing.insert(one);
    }
    if (!missing.empty()) {
      content::fail("pin in", parts_->folder.path(),
                    std::to_string(missing.size()) + " of the blocks of " + cid.text() +
                        " are not here or cannot be read, such as " + *missing.begin() +
                        "; get them first, or allow an incomplete pin");
    }
  }
  content::add_pin(parts_->folder, lock, name);
}

bool ContentStore::unpin(const Cid& cid) {
  const std::scoped_lock guard(parts_->mutex);
  ContentLock lock(parts_->folder);
  return content::remove_pin(parts_->folder, lock, content::block_name(cid));
}

std::vector<Cid> ContentStore::pins() const { return parts_->folder.pins().list(); }

std::vector<Cid> ContentStore::list() const {
  std::vector<std::string> names;
  parts_->folder.each_block([&](const std::string& name, const auto&) { names.push_back(name); });
  return sorted(std::move(names));
}

std::uint64_t ContentStore::blocks() const {
  const std::scoped_lock guard(parts_->mutex);
  return ContentLock(parts_->folder).usage().blocks;
}

std::uint64_t ContentStore::bytes() const {
  const std::scoped_lock guard(parts_->mutex);
  return ContentLock(parts_->folder).usage().bytes;
}

ContentCheck ContentStore::verify(const Progress& progress) {
  ContentCheck check;
  const std::uint64_t total = bytes();
  std::uint64_t done = 0;
  std::vector<std::string> places;  // also of what cannot be a block, and is not listed
  parts_->folder.each_place([&](const std::string& name, const auto&) { places.push_back(name); });
  for (const Cid& cid : sorted(std::move(places))) {
    auto block = parts_->read(cid, false);
    if (block.state == content::ReadBlock::State::kDamaged) {
      check.damaged.push_back({cid, std::move(block.reason)});
    } else if (block.state == content::ReadBlock::State::kWhole) {
      ++check.blocks;
      check.bytes += block.bytes.size();
    }
    done += block.bytes.size();
    if (progress) progress(done, std::max(done, total));
  }
  const std::scoped_lock guard(parts_->mutex);
  ContentLock lock(parts_->folder);
  lock.recount();
  parts_->protection.refresh(parts_->folder, lock);
  for (const std::string& name : parts_->protection.pinned()) {
    Cid cid = content::cid_of(name);
    if (!has(cid)) check.missing.push_back(std::move(cid));
  }
  std::ranges::sort(check.missing, {}, content::block_name);
  return check;
}

}  // namespace idn::store
