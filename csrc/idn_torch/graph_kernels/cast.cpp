#include "idn_torch/graph_kernels/cast.h"

#include <cstdint>
#include <limits>

namespace idn_torch::graph_kernels {
namespace {

struct Bounds {
  std::int64_t least;
  std::int64_t most;
};

Bounds bounds_of(at::ScalarType type) {
  switch (type) {
    case at::kInt:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case at::kByte:
      return {0, std::numeric_limits<std::uint8_t>::max()};
    default:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  }
}

at::Tensor saturated(const at::Tensor& input, at::ScalarType type) {
  const at::Tensor floats = input.to(at::kFloat);
  const Bounds bounds = bounds_of(type);
  // As floats these may be one above the greatest; what reaches them is never converted.
  const auto least = static_cast<float>(bounds.least);
  const auto most = static_cast<float>(bounds.most);
  const at::Tensor below = floats.le(least);
  const at::Tensor above = floats.ge(most);
  const at::Tensor inside = floats.masked_fill(below.logical_or(above).logical_or(floats.ne(floats)), 0);
  return inside.to(type).masked_fill(below, bounds.least).masked_fill(above, bounds.most);
}

}  // namespace

at::Tensor cast_to(const at::Tensor& input, at::ScalarType type) {
  const bool may_not_fit =
      at::isFloatingType(input.scalar_type()) && !at::isFloatingType(type) && type != at::kBool;
  return may_not_fit ? saturated(input, type) : input.to(type);
}

}  // namespace idn_torch::graph_kernels
