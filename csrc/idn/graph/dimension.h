#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace idn::graph {

/// A size that may grow with the batch B: per_batch * B + fixed, both at least 0.
///
/// A shape that is right is then right for every batch, an empty one too, and no size needs a solver.
struct Dimension {
  std::int64_t per_batch = 0;
  std::int64_t fixed = 0;

  /// Sizes are kept below this, so that sums and products of two of them stay within 64 bits.
  static constexpr std::int64_t kMax = std::int64_t{1} << 31;

  Dimension() = default;
  Dimension(std::int64_t size) : fixed(size) {}  // NOLINT: a number is a size that does not grow
  Dimension(std::int64_t grows, std::int64_t size) : per_batch(grows), fixed(size) {}

  /// The batch itself: B.
  static Dimension batch() { return {1, 0}; }

  [[nodiscard]] bool is_fixed() const { return per_batch == 0; }

  /// The size at a batch; 0 <= batch <= kMax.
  [[nodiscard]] std::int64_t at(std::int64_t batch) const { return per_batch * batch + fixed; }

  /// Whether both parts are in [0, kMax).
  [[nodiscard]] bool valid() const;

  /// "3", "B", "2B+1": for people and messages.
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Dimension&) const = default;
};

using Shape = std::vector<Dimension>;

/// The sum; nothing where it would be too large.
std::optional<Dimension> add(const Dimension& one, const Dimension& other);

/// The product; nothing where both grow with the batch, or it would be too large.
std::optional<Dimension> multiply(const Dimension& one, const Dimension& other);

/// The quotient; nothing unless it is whole for every batch and the divisor is a positive fixed size, or the
/// two grow alike (2B / B = 2 for a divisor without a fixed part).
std::optional<Dimension> divide(const Dimension& one, const Dimension& divisor);

/// How many elements a tensor has; nothing where the product is none.
std::optional<Dimension> elements(const Shape& shape);

/// "(B, 3, 32, 32)".
std::string to_string(const Shape& shape);

/// The shape of two broadcast against each other as PyTorch and numpy do; nothing where they can't be.
std::optional<Shape> broadcast(const Shape& one, const Shape& other);

}  // namespace idn::graph
