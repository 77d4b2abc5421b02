#include "idn/identity/multiformats/dag_pb.h"

#include <utility>

#include "idn/core/utf8.h"
#include "idn/identity/multiformats/protobuf.h"

namespace idn::identity::dag_pb {
namespace {

using protobuf::Reader;
using protobuf::Wire;

// PBNode and PBLink. The links come before the data, whatever their numbers say.
constexpr std::uint8_t kData = 1;
constexpr std::uint8_t kLinks = 2;
constexpr std::uint8_t kHash = 1;
constexpr std::uint8_t kName = 2;
constexpr std::uint8_t kTotal = 3;

Bytes encode(const Link& link) {
  Bytes out;
  protobuf::append_bytes(out, kHash, link.cid.bytes());
  if (link.name) protobuf::append_bytes(out, kName, bytes_of(*link.name));
  if (link.total_bytes) protobuf::append_number(out, kTotal, *link.total_bytes);
  return out;
}

Result<Cid> decode_hash(Reader& reader) {
  if (!reader.next_is(kHash, Wire::kBytes)) return reader.unexpected("the link's CID (tag 10)");
  const Result<ByteView> bytes = reader.bytes();
  if (!bytes) return bytes.problem();
  Result<Cid> cid = Cid::from_bytes(*bytes);
  if (cid) return cid;
  const std::size_t start = reader.position() - bytes->size();
  return Problem{start + cid.problem().position, "the link's CID: " + cid.problem().reason};
}

Result<Link> decode_link(ByteView message, std::size_t start) {
  Reader reader(message, start);
  Result<Cid> cid = decode_hash(reader);
  if (!cid) return cid.problem();
  Link link{std::move(cid).value(), std::nullopt, std::nullopt};
  if (reader.next_is(kName, Wire::kBytes)) {
    const Result<ByteView> name = reader.bytes();
    if (!name) return name.problem();
    link.name = text_of(*name);
    const std::size_t good = utf8_prefix(*link.name);
    if (good < name->size()) {
      return Problem{reader.position() - name->size() + good, "the link's name is not UTF-8"};
    }
  }
  if (reader.next_is(kTotal, Wire::kNumber)) {
    const Result<std::uint64_t> total = reader.number();
    if (!total) return total.problem();
    link.total_bytes = *total;
  }
  if (!reader.done()) return reader.unexpected("the link's name (tag 18), its total (24) or its end");
  return link;
}

}  // namespace

Bytes encode(const Node& node) {
  Bytes out;
  for (const Link& link : node.links) protobuf::append_bytes(out, kLinks, encode(link));
  if (node.data) protobuf::append_bytes(out, kData, *node.data);
  return out;
}

Result<Node> decode(ByteView block, std::size_t max_links) {
  Reader reader(block, 0);
  Node node;
  while (reader.next_is(kLinks, Wire::kBytes)) {
    if (node.links.size() == max_links) {
      return Problem{reader.position(), "the node has more than " + std::to_string(max_links) + " links"};
    }
    const Result<ByteView> message = reader.bytes();
    if (!message) return message.problem();
    Result<Link> link = decode_link(*message, reader.position() - message->size());
    if (!link) return link.problem();
    node.links.push_back(std::move(link).value());
  }
  if (reader.next_is(kData, Wire::kBytes)) {
    const Result<ByteView> data = reader.bytes();
    if (!data) return data.problem();
    node.data.emplace(data->begin(), data->end());
  }
  if (!reader.done()) return reader.unexpected("links (tag 18), then at most one piece of data (10)");
  return node;
}

}  // namespace idn::identity::dag_pb
