#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/cid.h"

namespace idn::identity::unixfs {

/// The largest block taken: the limit of IPFS' own peers, twice the largest block that the profile makes.
inline constexpr std::size_t kMaxBlockBytes = std::size_t{2} << 20;

/// The most links in a node, and the most nodes from the root down to a chunk: files of two links to a
/// node and 2^63 chunks need no more.
inline constexpr std::size_t kMaxLinks = 1024;
inline constexpr std::size_t kMaxDepth = 64;

/// How a file becomes blocks; by default as the profile unixfs-v1-2025 says (IPIP-499).
struct Layout {
  std::size_t chunk_bytes = std::size_t{1} << 20;
  std::size_t max_links = kMaxLinks;

  /// Throws std::invalid_argument for chunks of no bytes or more than kMaxBlockBytes, and for fewer than
  /// two links or more than kMaxLinks.
  void check() const;
};

/// A part of a file: a chunk (codec raw) or the node of a subtree (codec dag-pb).
struct FilePart {
  Cid cid;
  std::uint64_t file_bytes = 0;   ///< how many bytes of the file are in it
  std::uint64_t total_bytes = 0;  ///< what all its blocks have together

  bool operator==(const FilePart&) const = default;
};

/// A node of a file above one block: its parts in the file's order.
struct FileNode {
  std::vector<FilePart> parts;

  /// Sums over the parts; below 2^63 in every node that was decoded.
  [[nodiscard]] std::uint64_t file_bytes() const;
  [[nodiscard]] std::uint64_t total_bytes() const;

  bool operator==(const FileNode&) const = default;
};

/// The dag-pb block of a node, as kubo writes it.
Bytes encode(const FileNode& node);

/// Reads the dag-pb block of a node; refuses what is not of the profile: other kinds of node, data in the
/// node itself, no parts, empty parts, and sizes that do not agree.
Result<FileNode> decode(ByteView block);

}  // namespace idn::identity::unixfs
