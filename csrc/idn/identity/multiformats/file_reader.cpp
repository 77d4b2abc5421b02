#include "idn/identity/multiformats/file_reader.h"

#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>

namespace idn::identity::unixfs {
namespace {

// Whoever makes two inputs of one hash would have two files of one name; the identity does not even hash.
bool proves_nothing(HashFunction function) {
  return function == HashFunction::kIdentity || function == HashFunction::kSha1;
}

std::optional<std::string> why_not(const Cid& cid) {
  if (cid.codec() != Codec::kRaw && cid.codec() != Codec::kDagPb) {
    return "a file is of codec raw or dag-pb, not " + std::string(to_string(cid.codec()));
  }
  if (!proves_nothing(cid.hash().function())) return std::nullopt;
  return "the hash " + std::string(to_string(cid.hash().function())) + " proves nothing";
}

}  // namespace

Result<FileReader> FileReader::open(Cid root, std::uint64_t max_file_bytes) {
  if (auto reason = why_not(root)) return Problem{0, *std::move(reason)};
  return FileReader(std::move(root), max_file_bytes);
}

FileReader::FileReader(Cid root, std::uint64_t max_file_bytes) : max_file_bytes_(max_file_bytes) {
  open_.emplace_back().parts.push_back({std::move(root), 0, 0});
}

std::optional<Cid> FileReader::wanted() const {
  if (broken_ || open_.empty()) return std::nullopt;
  return next_part().cid;
}

std::vector<Cid> FileReader::upcoming(std::size_t count) const {
  std::vector<Cid> cids;
  if (broken_) return cids;
  for (const OpenNode& node : std::views::reverse(open_)) {
    for (std::size_t i = node.next; i < node.parts.size(); ++i) {
      if (cids.size() == count) return cids;
      cids.push_back(node.parts[i].cid);
    }
  }
  return cids;
}

Result<ByteView> FileReader::accept(ByteView block) {
  if (broken_ || open_.empty()) {
    throw std::invalid_argument("unixfs: a block is given, but the file is " +
                                std::string(broken_ ? "broken" : "complete") + "; expected none.");
  }
  const Cid& cid = next_part().cid;
  if (block.size() > kMaxBlockBytes) {
    return Problem{kMaxBlockBytes, "the block has " + std::to_string(block.size()) + " bytes, more than " +
                                       std::to_string(kMaxBlockBytes)};
  }
  if (!cid.hash().matches(block)) return Problem{0, "the bytes are not those of block " + cid.text()};
  if (cid.codec() == Codec::kDagPb) {
    if (auto problem = enter(block)) return *std::move(problem);
    return block.first(0);
  }
  if (auto problem = check_sizes(block.size(), block.size())) return *std::move(problem);
  ++open_.back().next;
  while (!open_.empty() && open_.back().next == open_.back().parts.size()) open_.pop_back();
  return block;
}

const FilePart& FileReader::next_part() const { return open_.back().parts[open_.back().next]; }

std::optional<Problem> FileReader::enter(ByteView block) {
  Result<FileNode> node = decode(block);
  if (!node) return breaks(node.problem());
  for (std::size_t i = 0; i < node->parts.size(); ++i) {
    if (auto reason = why_not(node->parts[i].cid)) {
      return breaks({0, "part " + std::to_string(i) + ": " + *std::move(reason)});
    }
  }
  if (auto problem = check_sizes(node->file_bytes(), block.size() + node->total_bytes())) return problem;
  if (open_.size() > kMaxDepth) {
    return breaks({0, "the tree is deeper than " + std::to_string(kMaxDepth) + " nodes"});
  }
  ++open_.back().next;
  open_.push_back({std::move(node).value().parts, 0});
  return std::nullopt;
}

// What a block holds against what the node above it says; the root has only the reader's limit above it.
std::optional<Problem> FileReader::check_sizes(std::uint64_t file_bytes, std::uint64_t total_bytes) {
  if (!file_bytes_) {
    if (file_bytes > max_file_bytes_) {
      return breaks({0, "the file has " + std::to_string(file_bytes) + " bytes, more than the " +
                            std::to_string(max_file_bytes_) + " allowed"});
    }
    file_bytes_ = file_bytes;
    return std::nullopt;
  }
  const FilePart& part = next_part();
  if (part.file_bytes == file_bytes && part.total_bytes == total_bytes) return std::nullopt;
  return breaks({0, "the block has " + std::to_string(file_bytes) + " bytes of the file and " +
                        std::to_string(total_bytes) + " in all, but the node above it says " +
                        std::to_string(part.file_bytes) + " and " + std::to_string(part.total_bytes)});
}

Problem FileReader::breaks(Problem problem) {
  broken_ = true;
  return problem;
}

Result<std::uint64_t> read_file(const Cid& root, const BlockSource& source,
                                const std::function<void(ByteView)>& sink, std::uint64_t max_file_bytes) {
  Result<FileReader> opened = FileReader::open(root, max_file_bytes);
  if (!opened) return opened.problem();
  FileReader& reader = opened.value();
  while (const std::optional<Cid> wanted = reader.wanted()) {
    const Result<Bytes> block = source(*wanted);
    if (!block) return block.problem();
    const Result<ByteView> bytes = reader.accept(*block);
    if (!bytes) return bytes.problem();
    if (!bytes->empty()) sink(*bytes);
  }
  return reader.file_bytes().value_or(0);
}

}  // namespace idn::identity::unixfs
