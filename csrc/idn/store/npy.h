#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "idn/core/bytes.h"
#include "idn/core/result.h"

namespace idn::store {

/// What the items of a .npy file are, little-endian.
enum class NpyType : std::uint8_t { kFloat32, kFloat16, kInt64, kInt32, kUint8, kBool };

/// "float32", … as numpy calls them.
std::string_view to_string(NpyType type);

/// Bytes of one item.
std::size_t size_of(NpyType type);

/// What an array of a .npy file is, without its items.
struct NpyInfo {
  NpyType type = NpyType::kFloat32;
  std::vector<std::int64_t> shape;  ///< at most 32 sizes, none negative

  /// All items together; below 2^62 for whatever was read.
  [[nodiscard]] std::uint64_t bytes() const;

  bool operator==(const NpyInfo&) const = default;
};

/// An array in memory, row by row (C order).
struct NpyArray {
  NpyInfo info;
  Bytes data;
};

/// The most bytes of items that are read unless more is asked for.
inline constexpr std::uint64_t kMostNpyBytes = std::uint64_t{4} << 30U;

/// Reads a .npy file of format 1.0 to 3.0 in C order that numpy wrote, trusting nothing in it: the size its
/// header tells is compared with the file's own, and with the limit, before memory is taken.
///
/// A StoreError where the file can't be read; a problem, with its place in the file, where it is no such
/// array.
Result<NpyArray> read_npy(const std::filesystem::path& path, std::uint64_t most_bytes = kMostNpyBytes);

/// Such a file, of which parts are read: for arrays that need not be in memory as a whole. A part can be read
/// from several threads at once.
class NpyReader {
 public:
  /// Looks at the header as read_npy does, and at no item.
  static Result<NpyReader> open(const std::filesystem::path& path);

  [[nodiscard]] const NpyInfo& info() const;

  /// Fills `part` with the bytes of the items from this one on; a problem where the file was cut off since it
  /// was opened, or a bool is neither 0 nor 1. Throws std::invalid_argument for bytes that lie beyond the
  /// end.
  [[nodiscard]] std::optional<Problem> read(std::uint64_t byte, std::span<std::uint8_t> part) const;

 private:
  struct Opened;
  explicit NpyReader(std::shared_ptr<const Opened> opened) : opened_(std::move(opened)) {}

  std::shared_ptr<const Opened> opened_;
};

/// Reads the bytes of such a file.
Result<NpyArray> npy_from_bytes(ByteView bytes, std::uint64_t most_bytes = kMostNpyBytes);

/// The bytes before the items, as numpy writes them in format 1.0: items begin at a multiple of 64.
Bytes npy_header(const NpyInfo& info);

/// Writes a file, whole or not at all. Throws std::invalid_argument for another number of bytes than the
/// shape has, or a bool that is neither 0 nor 1; a StoreError where the file can't be written.
void write_npy(const std::filesystem::path& path, const NpyInfo& info, ByteView data);

}  // namespace idn::store
