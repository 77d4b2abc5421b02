#include "idn/store/content_tree.h"

#include <optional>

#include "idn/identity/multiformats/protobuf.h"
#include "idn/store/content_name.h"

namespace idn::store::content {
namespace {

using identity::protobuf::Reader;
using identity::protobuf::Wire;

// Fields of PBNode and PBLink.
constexpr std::uint8_t kData = 1;
constexpr std::uint8_t kLinks = 2;
constexpr std::uint8_t kHash = 1;

bool has_links(const identity::Cid& cid) { return cid.codec() == identity::Codec::kDagPb; }

/// The CID that a link begins with, if it is one that can be here.
std::optional<identity::Cid> target_of(ByteView link) {
  Reader reader(link, 0);
  if (!reader.next_is(kHash, Wire::kBytes)) return std::nullopt;
  const auto bytes = reader.bytes();
  if (!bytes) return std::nullopt;
  auto cid = identity::Cid::from_bytes(*bytes);
  if (!cid) return std::nullopt;
  return *std::move(cid);
}

}  // namespace

// More lenient than dag_pb::decode(): what other programs read as a link must not be evicted.
Links links_of(const identity::Cid& cid, ByteView block) {
  Links links;
  if (!has_links(cid)) return links;
  Reader reader(block, 0);
  while (true) {
    const bool is_link = reader.next_is(kLinks, Wire::kBytes);
    if (!is_link && !reader.next_is(kData, Wire::kBytes)) break;
    const auto field = reader.bytes();
    if (!field) break;
    if (!is_link) continue;
    if (auto target = target_of(*field)) {
      links.known.push_back(*std::move(target));
    } else {
      links.all = false;
    }
  }
  if (!reader.done()) links.all = false;
  return links;
}

Unseen add_tree(const ContentFolder& folder, std::vector<identity::Cid> roots, Names& names) {
  Unseen unseen;
  std::vector<identity::Cid>& open = roots;
  while (!open.empty()) {
    const identity::Cid cid = std::move(open.back());
    open.pop_back();
    if (!names.insert(block_name(cid)).second || !has_links(cid)) continue;
    Links links;
    if (is_inline(cid)) {
      links = links_of(cid, cid.hash().digest_bytes());
    } else if (const ReadBlock block = folder.read(cid, false); block.state == ReadBlock::State::kWhole) {
      links = links_of(cid, block.bytes);
    } else {
      unseen.unread.push_back(cid);
    }
    if (!links.all) unseen.unclear.push_back(cid);
    open.insert(open.end(), links.known.begin(), links.known.end());
  }
  return unseen;
}

}  // namespace idn::store::content
