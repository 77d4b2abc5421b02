#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/multiformats/cid.h"
#include "idn/identity/multiformats/unixfs.h"

namespace idn::identity::unixfs {

/// Reads a file from blocks of strangers: it names the block it wants, checks what it is given, and gives
/// back the file's bytes in order. It does no input or output of its own.
///
/// Every block must hash to its CID and fit the sizes stated above it, so no tree, whatever it repeats,
/// gives more bytes or more blocks than its root declares.
class FileReader {
 public:
  /// Refuses a root that is not raw or dag-pb, or whose hash proves nothing (identity, SHA-1).
  static Result<FileReader> open(Cid root, std::uint64_t max_file_bytes);

  /// The block that comes next; nothing when the file is complete or broken.
  [[nodiscard]] std::optional<Cid> wanted() const;

  /// Up to `count` blocks, in the order in which they will be wanted, as far as that is known by now: what
  /// to fetch ahead.
  [[nodiscard]] std::vector<Cid> upcoming(std::size_t count) const;

  /// Takes the wanted block; the file's bytes in it, a part of `block`: all of a chunk, none of a node.
  ///
  /// A block that is not the wanted one is refused and may be had from elsewhere; one that is, but does not
  /// belong to a file, breaks the file for good. Throws std::invalid_argument where nothing is wanted.
  Result<ByteView> accept(ByteView block);

  /// Whether all bytes of the file were given back.
  [[nodiscard]] bool complete() const { return !broken_ && open_.empty(); }

  /// Whether the tree itself is wrong, so that no other copy of a block can help.
  [[nodiscard]] bool broken() const { return broken_; }

  /// The size of the whole file, known once the root was accepted.
  [[nodiscard]] std::optional<std::uint64_t> file_bytes() const { return file_bytes_; }

 private:
  // A node whose parts are being read, from `next` on.
  struct OpenNode {
    std::vector<FilePart> parts;
    std::size_t next = 0;
  };

  FileReader(Cid root, std::uint64_t max_file_bytes);
  [[nodiscard]] const FilePart& next_part() const;
  std::optional<Problem> enter(ByteView block);
  std::optional<Problem> check_sizes(std::uint64_t file_bytes, std::uint64_t total_bytes);
  Problem breaks(Problem problem);

  std::vector<OpenNode> open_;  // from the root down; the root itself is the one part of the first
  std::uint64_t max_file_bytes_;
  std::optional<std::uint64_t> file_bytes_;
  bool broken_ = false;
};

/// Gives the bytes of a block, or says why it cannot.
using BlockSource = std::function<Result<Bytes>(const Cid&)>;

/// Reads a whole file: every block from `source`, the file's bytes in order to `sink`; its size.
///
/// What went to `sink` before a refusal is of the file, but not all of it.
Result<std::uint64_t> read_file(const Cid& root, const BlockSource& source,
                                const std::function<void(ByteView)>& sink, std::uint64_t max_file_bytes);

}  // namespace idn::identity::unixfs
