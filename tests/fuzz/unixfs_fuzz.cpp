// Blocks of dag-pb and UnixFS, and the trees that they make: one encoding each, and no tree gives more bytes,
// or others, than its root declares.
//
// An even first byte: a block follows. An odd one: a program that builds a tree (see Forest) to be read.
#include <algorithm>
#include <map>
#include <vector>

#include "idn/identity/multiformats/dag_pb.h"
#include "idn/identity/multiformats/file_builder.h"
#include "idn/identity/multiformats/file_reader.h"
#include "idn/identity/multiformats/unixfs.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

void read_a_block(ByteView block) {
  const auto node = dag_pb::decode(block, unixfs::kMaxLinks);
  if (fuzz::taken(node, block.size())) {
    require(fuzz::same(dag_pb::encode(*node), block), "a block that is read is written again");
    const auto fewer = dag_pb::decode(block, node->links.size());
    require(fewer.ok() && *fewer == *node, "as many links as there are is enough");
    require(node->links.empty() || !dag_pb::decode(block, node->links.size() - 1), "links are counted");
  }
  const auto file = unixfs::decode(block);
  if (!fuzz::taken(file, block.size())) return;
  require(node.ok(), "a node of a file is a block of dag-pb");
  require(!file->parts.empty() && file->parts.size() <= unixfs::kMaxLinks, "a node has parts");
  require(file->total_bytes() >= file->file_bytes() && file->file_bytes() > 0, "blocks hold the file");
  require(fuzz::same(unixfs::encode(*file), block), "a node of a file is written again as it was");
}

struct Tree {
  unixfs::FilePart part;
  Bytes content;          // what a reader must give, if it gives it all
  std::size_t depth = 0;  // in nodes
  bool honest = true;     // no node says other sizes than there are, and none is a part without bytes
};

// Trees as a program of one-byte steps builds them on a stack; most are such as no importer makes.
class Forest {
 public:
  static constexpr std::size_t kMostBytes = 512;

  void step(std::uint8_t code) {
    const std::size_t argument = code / 4;
    switch (code % 4) {
      case 0:
        return push_chunk(argument);
      case 1:
        return join(argument % 8 + 1, 0, 0);
      case 2:
        return join(argument % 4 + 1, argument / 4 % 4, argument / 16);
      default:
        if (!trees_.empty()) trees_.push_back(trees_[trees_.size() - 1 - argument % trees_.size()]);
    }
  }

  void read_last() const {
    if (trees_.empty()) return;
    const Tree& tree = trees_.back();
    Bytes out;
    const auto source = [this](const Cid& cid) -> Result<Bytes> {
      const auto found = blocks_.find(cid);
      if (found != blocks_.end()) return found->second;
      return Problem{0, "there is no such block"};
    };
    const auto sink = [&out](ByteView bytes) {
      out.insert(out.end(), bytes.begin(), bytes.end());
      require(out.size() <= kMostBytes, "a reader gives no more than is allowed");
    };
    const auto size = unixfs::read_file(tree.part.cid, source, sink, kMostBytes);
    const bool readable = tree.honest && tree.depth <= unixfs::kMaxDepth && tree.content.size() <= kMostBytes;
    require(size.ok() == readable, "an honest tree is read, others are not");
    if (size) require(*size == out.size() && out == tree.content, "a file is its chunks in order");
  }

 private:
  void push_chunk(std::size_t size) {
    Bytes chunk(size, static_cast<std::uint8_t>(trees_.size()));
    const Cid cid = Cid::of(chunk);
    blocks_[cid] = chunk;
    trees_.push_back({.part = {cid, size, size}, .content = std::move(chunk)});
  }

  // A node above the last `count` trees; of the first it says so many bytes more than there are.
  void join(std::size_t count, std::size_t more_of_file, std::size_t more_in_all) {
    count = std::min(count, trees_.size());
    if (count == 0) return;
    const auto first = trees_.end() - static_cast<std::ptrdiff_t>(count);
    unixfs::FileNode node;
    Tree joined{.part = first->part, .content = {}, .honest = more_of_file == 0 && more_in_all == 0};
    std::for_each(first, trees_.end(), [&](const Tree& tree) {
      node.parts.push_back(tree.part);
      joined.content.insert(joined.content.end(), tree.content.begin(), tree.content.end());
      joined.depth = std::max(joined.depth, tree.depth + 1);
      joined.honest &= tree.honest && tree.part.file_bytes > 0;
    });
    if (joined.content.size() > 2 * kMostBytes) return;  // that repeated trees double in size is seen by then
    node.parts.front().file_bytes += more_of_file;
    node.parts.front().total_bytes += more_in_all;
    const Bytes block = unixfs::encode(node);
    joined.part = {Cid::of(block, Codec::kDagPb), node.file_bytes(), block.size() + node.total_bytes()};
    blocks_[joined.part.cid] = block;
    trees_.erase(first, trees_.end());
    trees_.push_back(std::move(joined));
  }

  std::vector<Tree> trees_;
  std::map<Cid, Bytes> blocks_;
};

void read_a_tree(ByteView program) {
  Forest forest;
  for (const std::uint8_t code : program.first(std::min<std::size_t>(program.size(), 128))) forest.step(code);
  forest.read_last();
}

// A file in chunks and links of the input's choice comes back.
void build_and_read(ByteView input) {
  if (input.size() < 2) return;
  const unixfs::Layout layout{.chunk_bytes = 1 + input[0] % 32U, .max_links = 2 + input[1] % 6U};
  const ByteView content = input.subspan(2).first(std::min<std::size_t>(input.size() - 2, 96));
  std::map<Cid, Bytes> blocks;
  unixfs::FileBuilder builder(
      [&](const Cid& cid, ByteView block) { blocks[cid] = Bytes(block.begin(), block.end()); }, layout);
  builder.append(content.first(content.size() / 3));
  builder.append(content.subspan(content.size() / 3));
  const Cid root = builder.finish();
  require(root == unixfs::file_cid(content, layout), "pieces make no difference");
  Bytes out;
  const auto size = unixfs::read_file(
      root, [&](const Cid& cid) -> Result<Bytes> { return blocks.at(cid); },
      [&](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }, content.size());
  require(size.ok() && fuzz::same(out, content), "a file comes back from its blocks");
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const idn::ByteView rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    idn::identity::read_a_block(rest);
    idn::identity::build_and_read(rest);
  } else {
    idn::identity::read_a_tree(rest);
  }
  return 0;
}
