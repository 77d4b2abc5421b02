#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/identity/cbor_item.h"

namespace idn::identity::cbor {

/// Reads an encoding value by value, for who knows what must come: nothing is copied and no memory taken.
///
/// The first problem is kept, and from then on every read gives zero or nothing, so that a caller reads
/// all fields and asks once, at the end. `name` is what the reason calls the field. Accepts only what
/// decode() accepts; limits are those that each read is given.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  /// The head of an array of exactly `count` values, which are read next.
  void array(std::string_view name, std::size_t count);

  /// The count of an array of at most `most` values, which are read next.
  std::size_t array_up_to(std::string_view name, std::size_t most);

  bool boolean(std::string_view name);

  /// A number from `least` to `most`.
  std::uint64_t unsigned_integer(std::string_view name, std::uint64_t least, std::uint64_t most);

  /// At most `most` bytes, where they stand in the input.
  std::string_view text(std::string_view name, std::size_t most);
  ByteView bytes(std::string_view name, std::size_t most);

  /// Exactly `Size` bytes.
  template <std::size_t Size>
  std::array<std::uint8_t, Size> exact_bytes(std::string_view name) {
    std::array<std::uint8_t, Size> copy{};
    const ByteView found = exactly(name, Size);
    std::copy(found.begin(), found.end(), copy.begin());
    return copy;
  }

  /// Keeps a problem of the caller's with a part of the input; its position counts from the part's start.
  void refuse(std::string_view name, ByteView part, const Problem& problem);

  /// The first problem; bytes after the end of what was read are one.
  [[nodiscard]] std::optional<Problem> finish() const;

  [[nodiscard]] bool ok() const { return !problem_; }

 private:
  [[nodiscard]] Item next(std::string_view name, Kind kind);
  ByteView exactly(std::string_view name, std::size_t size);
  void refuse(std::string_view name, std::size_t position, const std::string& reason);

  ByteView bytes_;
  std::size_t at_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace idn::identity::cbor
