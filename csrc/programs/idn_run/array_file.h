#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace idn_run {

/// An array in a .npy or HDF5 file. Of a .npy file only the parts that are asked for are read; HDF5 keeps its
/// items in compressed chunks, so there the whole array is, at the first part.
///
/// What is missing, damaged or of another kind is DataError that names the file.
class ArrayFile {
 public:
  /// `dataset` is the array of an HDF5 file; where none is named, it is the one of this `usual` name, or the
  /// only one. Throws std::invalid_argument where that does not say which, naming those that are there.
  ArrayFile(const std::string& path, const std::optional<std::string>& dataset, const std::string& usual);

  /// "float32", "uint8", … as numpy calls them.
  [[nodiscard]] std::string_view type() const;
  [[nodiscard]] const std::vector<std::int64_t>& shape() const;
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Whether the file names its arrays: HDF5 does.
  [[nodiscard]] bool has_names() const;

  /// Fills `part` with the bytes of the items, row by row, from this byte on.
  void read(std::uint64_t byte, std::span<std::uint8_t> part);

  /// The inside, one for each kind of file.
  class Array;

 private:
  std::string path_;
  std::shared_ptr<Array> array_;
};

}  // namespace idn_run
