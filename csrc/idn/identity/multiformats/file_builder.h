#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/identity/multiformats/cid.h"
#include "idn/identity/multiformats/unixfs.h"

namespace idn::identity::unixfs {

/// Cuts a file, as its bytes come, into blocks: chunks and the balanced tree above them.
///
/// Its memory is one chunk and the links of the nodes still open, at most one node for each level.
class FileBuilder {
 public:
  /// Takes a block as soon as it is complete, children before parents; the bytes live during the call. After
  /// a sink that threw, the builder is of no more use.
  using Sink = std::function<void(const Cid&, ByteView)>;

  /// Throws std::invalid_argument for a layout that does not hold (Layout::check).
  explicit FileBuilder(Sink sink, Layout layout = {});

  /// The next bytes of the file, in pieces of any size.
  void append(ByteView bytes);

  /// Makes what is open into blocks; the root of the file. A file of one chunk is that block alone.
  ///
  /// Nothing may be appended or finished afterwards: std::invalid_argument.
  Cid finish();

  /// How many bytes were appended.
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  void start();
  void add_chunk(ByteView chunk);
  void add(FilePart part, std::size_t level);
  FilePart close(std::size_t level);

  Sink sink_;
  Layout layout_;
  Bytes chunk_;
  std::vector<FileNode> open_;  // the node still open at each level, chunks' parents first
  std::uint64_t file_bytes_ = 0;
  bool closed_ = false;  // finished, or stopped by a sink that threw
};

/// The CID that a file's bytes have.
Cid file_cid(ByteView bytes, Layout layout = {});

}  // namespace idn::identity::unixfs
