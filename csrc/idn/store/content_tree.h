#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "idn/identity/multiformats/cid.h"
#include "idn/store/content_folder.h"

namespace idn::store::content {

/// Names of blocks.
using Names = std::unordered_set<std::string>;

/// The links of a dag-pb block. A block of another codec, or one that is no dag-pb after all, has none.
std::vector<identity::Cid> links_of(const identity::Cid& cid, ByteView block);

/// Adds `roots` and all blocks below them to `names`, as far as the store has them; a block that is in
/// `names` already is not looked into again.
///
/// Gives back the dag-pb blocks below which it could not look: they are absent, or damaged.
std::vector<identity::Cid> add_tree(const ContentFolder& folder, std::vector<identity::Cid> roots,
                                    Names& names);

}  // namespace idn::store::content
