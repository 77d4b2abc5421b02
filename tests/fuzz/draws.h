#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "idn/core/bytes.h"

namespace idn::fuzz {

/// Decisions taken from bytes, one after the other; once those are used up, the first choice of each.
///
/// A fuzzer that changes a byte changes one decision, and a seed's bytes are a sequence of random ones.
class Draws {
 public:
  explicit Draws(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool used_up() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }

  /// A number from 0 to limit - 1; limit is from 1 to 65536.
  std::size_t below(std::size_t limit) {
    std::size_t drawn = byte();
    if (limit > 256) drawn = drawn << 8 | byte();
    return drawn % limit;
  }

  /// True in one of so many cases, and never where the bytes are used up.
  bool one_in(std::size_t cases) { return below(cases) == cases - 1; }

  template <class T>
  const T& one_of(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  template <class T, std::size_t Size>
  T one_of(const std::array<T, Size>& from) {
    return from[below(Size)];
  }

  /// An integer where arithmetic has its edges.
  std::int64_t odd_integer() {
    static constexpr std::array<std::int64_t, 16> kOdd = {0,
                                                          -1,
                                                          1,
                                                          2,
                                                          7,
                                                          8,
                                                          255,
                                                          256,
                                                          65535,
                                                          65536,
                                                          -65536,
                                                          std::numeric_limits<std::int32_t>::max(),
                                                          std::numeric_limits<std::int32_t>::min(),
                                                          std::int64_t{1} << 31,
                                                          std::numeric_limits<std::int64_t>::max(),
                                                          std::numeric_limits<std::int64_t>::min()};
    return one_of(kOdd);
  }

 private:
  ByteView rest_;
};

}  // namespace idn::fuzz
