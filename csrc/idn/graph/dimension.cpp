#include "idn/graph/dimension.h"

#include <algorithm>

namespace idn::graph {
namespace {

bool in_range(std::int64_t size) { return size >= 0 && size < Dimension::kMax; }

std::optional<Dimension> checked(std::int64_t per_batch, std::int64_t fixed) {
  const Dimension result{per_batch, fixed};
  return result.valid() ? std::optional(result) : std::nullopt;
}

}  // namespace

bool Dimension::valid() const { return in_range(per_batch) && in_range(fixed); }

std::string Dimension::text() const {
  if (is_fixed()) return std::to_string(fixed);
  std::string grows = per_batch == 1 ? "B" : std::to_string(per_batch) + "B";
  return fixed == 0 ? grows : grows + "+" + std::to_string(fixed);
}

std::optional<Dimension> add(const Dimension& one, const Dimension& other) {
  return checked(one.per_batch + other.per_batch, one.fixed + other.fixed);
}

std::optional<Dimension> multiply(const Dimension& one, const Dimension& other) {
  if (!one.is_fixed() && !other.is_fixed()) return std::nullopt;
  // Each part is below 2^31, so one product of two stays below 2^62, and one of the two sums is of a zero.
  return checked(one.per_batch * other.fixed + one.fixed * other.per_batch, one.fixed * other.fixed);
}

std::optional<Dimension> divide(const Dimension& one, const Dimension& divisor) {
  if (divisor.is_fixed()) {
    if (divisor.fixed <= 0 || one.per_batch % divisor.fixed != 0 || one.fixed % divisor.fixed != 0)
      return std::nullopt;
    return checked(one.per_batch / divisor.fixed, one.fixed / divisor.fixed);
  }
  if (divisor.fixed != 0 || one.fixed != 0 || one.per_batch % divisor.per_batch != 0) return std::nullopt;
  return checked(0, one.per_batch / divisor.per_batch);
}

std::optional<Dimension> elements(const Shape& shape) {
  // A zero anywhere empties the tensor, whatever the other sizes would overflow to.
  if (std::ranges::find(shape, Dimension(0)) != shape.end()) return Dimension(0);
  std::optional<Dimension> product = Dimension(1);
  for (const Dimension& size : shape) {
    product = multiply(*product, size);
    if (!product) return std::nullopt;
  }
  return product;
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t index = 0; index < shape.size(); ++index)
    text += (index == 0 ? "" : ", ") + shape[index].text();
  return text + ")";
}

std::optional<Shape> broadcast(const Shape& one, const Shape& other) {
  const Shape& longer = one.size() >= other.size() ? one : other;
  const Shape& shorter = one.size() >= other.size() ? other : one;
  Shape result = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t index = 0; index < shorter.size(); ++index) {
    Dimension& size = result[offset + index];
    const Dimension& its = shorter[index];
    if (size == its || its == Dimension(1)) continue;
    if (size != Dimension(1)) return std::nullopt;
    size = its;
  }
  return result;
}

}  // namespace idn::graph
