#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "idn/identity/multiformats/cid.h"

namespace idn::store::content {

/// The file name of a block: its CID of version 1 in base32, so that both versions of a CID find one file.
std::string block_name(const identity::Cid& cid);

/// The CID that a file name stands for, or nothing if `block_name` gives no such name.
std::optional<identity::Cid> cid_of_name(std::string_view name);

/// The CID of a name that `block_name` gave.
identity::Cid cid_of(const std::string& name);

/// The folder of a block: the two characters before the last one, which alone has few values.
std::string shard_of(std::string_view name);

/// Whether a folder's name can be one of `shard_of`.
bool is_shard(std::string_view name);

/// Whether the CID carries its block itself (the identity "hash"), so that no file is needed.
bool is_inline(const identity::Cid& cid);

}  // namespace idn::store::content
