#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace idn::store {

/// What an array's items are; little-endian in the file.
enum class DType : std::uint8_t { kUint8, kInt32, kInt64, kFloat32, kFloat64 };

/// Bytes per item.
std::size_t item_size(DType dtype);

/// "uint8", "int32", "int64", "float32" or "float64".
std::string_view dtype_name(DType dtype);

/// What an array is, without its items.
struct ArrayInfo {
  DType dtype = DType::kUint8;
  std::vector<std::size_t> shape;

  bool operator==(const ArrayInfo&) const = default;
};

/// Bytes of all items; std::invalid_argument where that does not fit std::size_t.
std::size_t byte_count(const ArrayInfo& info);

/// Short texts by name, in UTF-8.
using Attributes = std::map<std::string, std::string>;

/// What a file is worth at most: a damaged or hostile one asks for more than it holds.
struct ReadLimits {
  std::uint64_t max_bytes = std::uint64_t{8} << 30;  ///< of all arrays read through one Reader
};

/// Writes a new HDF5 file of chunked, compressed and checksummed arrays.
///
/// The file appears under its name at commit(), whole, in place of what was there. Before that there is only
/// a temporary file beside it, which the destructor removes. Wrong arguments are std::invalid_argument; what
/// the disk refuses is StoreError, after which nothing but destruction is left to do. Not for several threads
/// at once.
class Writer {
 public:
  /// `format` says what kind of file of ours this is ("dataset", "trace"); see docs/formats.md.
  Writer(const std::filesystem::path& path, std::string_view format, const Attributes& attributes = {});
  ~Writer();
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;

  /// Writes a whole array. A name may have groups before it: "test/logits". C order; one dimension at least.
  void write(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items);

  /// Adds rows (the first dimension) to an array, made at the first call; the other dimensions stay the same.
  void append(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items);

  /// Puts the file in its place, durably. The writer is closed then.
  void commit();

  /// Removes the temporary file now. The writer is closed then.
  void discard();

 private:
  class Impl;
  Impl& open_impl();

  std::unique_ptr<Impl> impl_;
};

/// Reads arrays from an HDF5 file, ours or an ordinary one of h5py, with distrust.
///
/// Only plain arrays behind hard links are read: contiguous or chunked, unfiltered or with shuffle, deflate
/// and fletcher32, all items stored. All else, and every damage found, is StoreError naming the path and the
/// reason. Sizes are compared with the file's own size and with the limits before memory is taken. What this
/// cannot promise is written in docs/formats.md: HDF5 itself parses the metadata.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path, ReadLimits limits = {});
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  /// The kind of file of ours, or empty for a file of somebody else.
  const std::string& format() const;

  /// Throws StoreError unless format() is this one.
  void require_format(std::string_view format) const;

  /// The names of all arrays, sorted.
  std::vector<std::string> names() const;

  /// The file's texts, our own marks left out. Numbers among the attributes are passed over.
  Attributes attributes() const;

  /// What an array is; it has been checked and will fit the limits.
  ArrayInfo info(const std::string& name) const;

  /// Fills `items`, which must have the array's size in bytes, in C order.
  void read(const std::string& name, std::span<std::byte> items);

  const std::filesystem::path& path() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace idn::store
