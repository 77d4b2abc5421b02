#include "idn/store/content_tree.h"

#include "idn/identity/multiformats/dag_pb.h"
#include "idn/identity/multiformats/unixfs.h"
#include "idn/store/content_name.h"

namespace idn::store::content {
namespace {

/// No block has as many: a link takes more than 32 bytes.
constexpr std::size_t kMostLinks = identity::unixfs::kMaxBlockBytes / 32;

bool has_links(const identity::Cid& cid) { return cid.codec() == identity::Codec::kDagPb; }

}  // namespace

std::vector<identity::Cid> links_of(const identity::Cid& cid, ByteView block) {
  std::vector<identity::Cid> links;
  if (!has_links(cid)) return links;
  const auto node = identity::dag_pb::decode(block, kMostLinks);
  if (!node) return links;
  for (const auto& link : node->links) links.push_back(link.cid);
  return links;
}

std::vector<identity::Cid> add_tree(const ContentFolder& folder, std::vector<identity::Cid> roots,
                                    Names& names) {
  std::vector<identity::Cid> unread;
  std::vector<identity::Cid>& open = roots;
  while (!open.empty()) {
    const identity::Cid cid = std::move(open.back());
    open.pop_back();
    if (!names.insert(block_name(cid)).second || !has_links(cid)) continue;
    std::vector<identity::Cid> links;
    if (is_inline(cid)) {
      links = links_of(cid, cid.hash().digest_bytes());
    } else if (const ReadBlock block = folder.read(cid, false); block.state == ReadBlock::State::kWhole) {
      links = links_of(cid, block.bytes);
    } else {
      unread.push_back(cid);
    }
    open.insert(open.end(), links.begin(), links.end());
  }
  return unread;
}

}  // namespace idn::store::content
