#include "idn/store/content_parts.h"

#include "idn/store/content_name.h"

namespace idn::store {
namespace content {
namespace {

/// Moves a damaged block away; what became of it, in words.
std::string set_aside(const ContentFolder& folder, ContentLock& lock, const std::string& name) {
  std::string outcome = folder.set_aside(name);
  // Who damaged it may have changed its size too, so what the usage counted for it is not known.
  lock.recount();
  return outcome;
}

/// What is held, with other pins.
Usage repinned(Usage usage) {
  usage.pins = new_pins_number();
  return usage;
}

}  // namespace

void add_pin(const ContentFolder& folder, ContentLock& lock, const std::string& name) {
  const std::vector<identity::Cid> known = folder.pins().covered(name);
  Names below;
  add_tree(folder, known, below);
  if (folder.pins().has(name) && below.size() == known.size()) return;
  below.erase(name);
  std::string lines;
  for (const std::string& one : below) lines += one + '\n';
  const auto file = folder.prepare(bytes_of(lines));
  lock.begin_change();
  folder.pins().add(name, *file);
  lock.end_change(repinned(lock.usage()));
}

bool remove_pin(const ContentFolder& folder, ContentLock& lock, const std::string& name) {
  if (!folder.pins().has(name)) return false;
  lock.begin_change();
  folder.pins().remove(name);
  lock.end_change(repinned(lock.usage()));
  return true;
}

}  // namespace content

using content::ContentLock;
using content::ReadBlock;

/// Whether these very bytes are here already; anything else at the block's place is moved away.
bool ContentStore::Parts::adopt(ContentLock& lock, const std::string& name, ByteView block, bool pin) const {
  const ReadBlock found = folder.compare(name, block);
  if (found.state == ReadBlock::State::kDamaged) content::set_aside(folder, lock, name);
  if (found.state != ReadBlock::State::kWhole) return false;
  if (pin) add_pin(folder, lock, name);
  return true;
}

void ContentStore::Parts::store(const identity::Cid& cid, ByteView block, bool pin) {
  const std::string name = content::block_name(cid);
  {
    const std::scoped_lock guard(mutex);
    ContentLock lock(folder);
    if (adopt(lock, name, block, pin)) return;
  }
  // The disk is waited for without the lock.
  const auto file = folder.prepare(block);
  const std::scoped_lock guard(mutex);
  ContentLock lock(folder);
  if (adopt(lock, name, block, pin)) return;
  eviction.make_room(folder, lock, protection,
                     {name, block.size(), pin, content::links_of(cid, block).known});
  lock.begin_change();
  folder.put_in_place(*file, name);
  lock.end_change(lock.usage().with(block.size()));
  // A pin that waited for its block learns what is below it.
  if (pin || folder.pins().has(name)) add_pin(folder, lock, name);
}

ReadBlock ContentStore::Parts::read(const identity::Cid& cid, bool used) {
  ReadBlock block = folder.read(cid, used);
  if (block.state != ReadBlock::State::kDamaged) return block;
  const std::scoped_lock guard(mutex);
  ContentLock lock(folder);
  block = folder.read(cid, used);  // somebody may have put a whole one meanwhile
  if (block.state == ReadBlock::State::kDamaged)
    block.reason += "; " + content::set_aside(folder, lock, content::block_name(cid));
  return block;
}

std::optional<Bytes> ContentStore::Parts::get(const identity::Cid& cid) {
  if (content::is_inline(cid)) {
    const ByteView bytes = cid.hash().digest_bytes();
    return Bytes(bytes.begin(), bytes.end());
  }
  ReadBlock block = read(cid, true);
  if (block.state == ReadBlock::State::kDamaged)
    content::fail("read", folder.place(content::block_name(cid)), block.reason);
  if (block.state == ReadBlock::State::kAbsent) return std::nullopt;
  return std::move(block.bytes);
}

}  // namespace idn::store
