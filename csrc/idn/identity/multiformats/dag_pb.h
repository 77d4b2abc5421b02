#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/cid.h"

namespace idn::identity::dag_pb {

/// A link to another block: its CID, and what its writer says of it.
struct Link {
  Cid cid;
  std::optional<std::string> name;           ///< UTF-8
  std::optional<std::uint64_t> total_bytes;  ///< "Tsize": the block and all blocks below it

  bool operator==(const Link&) const = default;
};

/// A block of codec dag-pb: links to other blocks, and data.
struct Node {
  std::vector<Link> links;
  std::optional<Bytes> data;

  bool operator==(const Node&) const = default;
};

/// The canonical bytes: links first, in their order, then the data (IPLD's DAG-PB specification).
///
/// Throws std::invalid_argument for a total above varint::kMaxValue.
Bytes encode(const Node& node);

/// Reads a block strictly: what `encode` would not give back is refused, and so is a node of more links.
Result<Node> decode(ByteView block, std::size_t max_links);

}  // namespace idn::identity::dag_pb
