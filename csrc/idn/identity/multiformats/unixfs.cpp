#include "idn/identity/multiformats/unixfs.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "idn/identity/multiformats/dag_pb.h"
#include "idn/identity/multiformats/protobuf.h"
#include "idn/identity/multiformats/varint.h"

namespace idn::identity::unixfs {
namespace {

using protobuf::Reader;
using protobuf::Wire;

// The message Data of UnixFS, and the one kind of node read and written here.
constexpr std::uint8_t kType = 1;
constexpr std::uint8_t kFileSize = 3;
constexpr std::uint8_t kBlockSizes = 4;
constexpr std::uint64_t kFile = 2;

struct Sizes {
  std::uint64_t file = 0;
  std::vector<std::uint64_t> parts;
};

Bytes encode_sizes(const FileNode& node) {
  Bytes out;
  protobuf::append_number(out, kType, kFile);
  protobuf::append_number(out, kFileSize, node.file_bytes());
  for (const FilePart& part : node.parts) protobuf::append_number(out, kBlockSizes, part.file_bytes);
  return out;
}

Result<Sizes> decode_sizes(ByteView message, std::size_t start, std::size_t count) {
  Reader reader(message, start);
  if (!reader.next_is(kType, Wire::kNumber)) return reader.unexpected("the kind of UnixFS node (tag 8)");
  const std::size_t type_position = reader.position();
  const Result<std::uint64_t> type = reader.number();
  if (!type) return type.problem();
  if (*type != kFile) {
    return Problem{type_position,
                   "the node is of UnixFS kind " + std::to_string(*type) + ", expected 2, a file"};
  }
  if (!reader.next_is(kFileSize, Wire::kNumber)) {
    return reader.unexpected("the size of the file (tag 24), whose bytes are all in raw blocks");
  }
  const Result<std::uint64_t> file = reader.number();
  if (!file) return file.problem();
  Sizes sizes{*file, {}};
  while (reader.next_is(kBlockSizes, Wire::kNumber)) {
    if (sizes.parts.size() == count) {
      return Problem{reader.position(),
                     "more sizes of parts than the node's " + std::to_string(count) + " links"};
    }
    const Result<std::uint64_t> part = reader.number();
    if (!part) return part.problem();
    sizes.parts.push_back(*part);
  }
  if (!reader.done()) return reader.unexpected("sizes of parts (tag 32)");
  if (sizes.parts.size() < count) {
    return Problem{reader.position(), std::to_string(sizes.parts.size()) + " sizes of parts, but " +
                                          std::to_string(count) + " links"};
  }
  return sizes;
}

// A part whose sizes can be: its raw block is exactly its bytes, a subtree's blocks are more than those.
std::optional<std::string> why_not(const dag_pb::Link& link, std::uint64_t file_bytes) {
  const Codec codec = link.cid.codec();
  if (link.cid.version() != 1) return "has a CID of version 0, expected 1";
  if (codec != Codec::kRaw && codec != Codec::kDagPb) {
    return "is of codec " + std::string(to_string(codec)) + ", expected raw or dag-pb";
  }
  if (!link.name) return "has no name, expected the empty one";
  if (!link.name->empty()) return "has a name, but is part of a file";
  if (!link.total_bytes) return "does not say how large its blocks are";
  if (file_bytes == 0) return "holds no bytes of the file";
  const std::uint64_t total = *link.total_bytes;
  if (codec == Codec::kRaw ? total == file_bytes : total > file_bytes) return std::nullopt;
  return "has " + std::to_string(total) + " bytes of blocks for " + std::to_string(file_bytes) +
         " of the file";
}

}  // namespace

void Layout::check() const {
  if (chunk_bytes == 0 || chunk_bytes > kMaxBlockBytes) {
    throw std::invalid_argument("unixfs: chunk_bytes is " + std::to_string(chunk_bytes) + ", expected 1 to " +
                                std::to_string(kMaxBlockBytes) + ".");
  }
  if (max_links < 2 || max_links > kMaxLinks) {
    throw std::invalid_argument("unixfs: max_links is " + std::to_string(max_links) + ", expected 2 to " +
                                std::to_string(kMaxLinks) + ".");
  }
}

std::uint64_t FileNode::file_bytes() const {
  std::uint64_t sum = 0;
  for (const FilePart& part : parts) sum += part.file_bytes;
  return sum;
}

std::uint64_t FileNode::total_bytes() const {
  std::uint64_t sum = 0;
  for (const FilePart& part : parts) sum += part.total_bytes;
  return sum;
}

Bytes encode(const FileNode& node) {
  dag_pb::Node block;
  block.links.reserve(node.parts.size());
  // kubo writes the empty name; leaving it out would give the node another CID.
  for (const FilePart& part : node.parts) block.links.push_back({part.cid, "", part.total_bytes});
  block.data = encode_sizes(node);
  return dag_pb::encode(block);
}

Result<FileNode> decode(ByteView block) {
  Result<dag_pb::Node> decoded = dag_pb::decode(block, kMaxLinks);
  if (!decoded) return decoded.problem();
  dag_pb::Node& node = decoded.value();
  if (!node.data) return Problem{block.size(), "the node has no data that says what it is"};
  // The data are the last field.
  const std::size_t start = block.size() - node.data->size();
  const Result<Sizes> sizes = decode_sizes(*node.data, start, node.links.size());
  if (!sizes) return sizes.problem();
  if (node.links.empty()) return Problem{start, "the file's node has no parts"};
  FileNode file;
  file.parts.reserve(node.links.size());
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < node.links.size(); ++i) {
    dag_pb::Link& link = node.links[i];
    if (auto reason = why_not(link, sizes->parts[i])) {
      return Problem{0, "part " + std::to_string(i) + " " + *std::move(reason)};
    }
    const std::uint64_t part = link.total_bytes.value_or(0);
    total += part;  // both below 2^63
    if (total > varint::kMaxValue) return Problem{0, "the parts are together above 2^63 - 1 bytes"};
    file.parts.push_back({std::move(link.cid), sizes->parts[i], part});
  }
  if (file.file_bytes() != sizes->file) {
    return Problem{start, "the file's size is " + std::to_string(sizes->file) + ", but its parts have " +
                              std::to_string(file.file_bytes())};
  }
  return file;
}

}  // namespace idn::identity::unixfs
