#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "idn/identity/multiformats/cid.h"
#include "idn/store/content_folder.h"

namespace idn::store::content {

/// Names of blocks.
using Names = std::unordered_set<std::string>;

/// The links of a block.
struct Links {
  std::vector<identity::Cid> known;
  bool all = true;  ///< false: the block may have more, which are not understood here
};

/// The links of a dag-pb block as far as they are understood; a block of another codec has none.
Links links_of(const identity::Cid& cid, ByteView block);

/// Blocks below which not all can be seen.
struct Unseen {
  std::vector<identity::Cid> unread;   ///< absent or damaged
  std::vector<identity::Cid> unclear;  ///< with links that are not understood
};

/// Adds `roots` and all blocks below them to `names`, as far as the store has them; a block that is in
/// `names` already is not looked into again.
///
/// Gives back the dag-pb blocks below which it could not look.
Unseen add_tree(const ContentFolder& folder, std::vector<identity::Cid> roots, Names& names);

}  // namespace idn::store::content
