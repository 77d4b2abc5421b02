#include "idn/identity/multiformats/file_builder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace idn::identity::unixfs {

FileBuilder::FileBuilder(Sink sink, Layout layout) : sink_(std::move(sink)), layout_(layout) {
  layout_.check();
}

void FileBuilder::append(ByteView bytes) {
  start();
  file_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (chunk_.empty() && bytes.size() >= layout_.chunk_bytes) {
      add_chunk(bytes.first(layout_.chunk_bytes));
      bytes = bytes.subspan(layout_.chunk_bytes);
      continue;
    }
    const ByteView taken = bytes.first(std::min(bytes.size(), layout_.chunk_bytes - chunk_.size()));
    chunk_.insert(chunk_.end(), taken.begin(), taken.end());
    bytes = bytes.subspan(taken.size());
    if (chunk_.size() < layout_.chunk_bytes) continue;
    add_chunk(chunk_);
    chunk_.clear();
  }
  closed_ = false;
}

Cid FileBuilder::finish() {
  start();
  if (!chunk_.empty() || open_.empty()) add_chunk(chunk_);
  std::size_t level = 0;
  while (level + 1 < open_.size() || open_[level].parts.size() > 1) {
    FilePart node = close(level);
    add(std::move(node), ++level);
  }
  return open_[level].parts[0].cid;
}

// Closed until the call has come to its end: a block that the sink did not take would be missing.
void FileBuilder::start() {
  if (closed_) throw std::invalid_argument("unixfs: the file is finished or failed; expected no more calls.");
  closed_ = true;
}

void FileBuilder::add_chunk(ByteView chunk) {
  Cid cid = Cid::of(chunk, Codec::kRaw);
  sink_(cid, chunk);
  add({std::move(cid), chunk.size(), chunk.size()}, 0);
}

// A full node is closed only when one more part comes, so that every open node keeps one at least, and the
// last of them all is the root.
void FileBuilder::add(FilePart part, std::size_t level) {
  for (;; ++level) {
    if (level == open_.size()) open_.emplace_back();
    if (open_[level].parts.size() < layout_.max_links) break;
    FilePart node = close(level);
    open_[level].parts.push_back(std::move(part));
    part = std::move(node);
  }
  open_[level].parts.push_back(std::move(part));
}

FilePart FileBuilder::close(std::size_t level) {
  const Bytes block = encode(open_[level]);
  FilePart part{Cid::of(block, Codec::kDagPb), open_[level].file_bytes(),
                block.size() + open_[level].total_bytes()};
  sink_(part.cid, block);
  open_[level].parts.clear();
  return part;
}

Cid file_cid(ByteView bytes, Layout layout) {
  FileBuilder builder([](const Cid& /*cid*/, ByteView /*block*/) {}, layout);
  builder.append(bytes);
  return builder.finish();
}

}  // namespace idn::identity::unixfs
