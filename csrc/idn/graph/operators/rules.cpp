#include "idn/graph/operators/rules.h"

#include <algorithm>

namespace idn::graph::rules {

std::int64_t plus(std::int64_t one, std::int64_t other) { return std::min(one + other, kCountless); }

std::int64_t times(std::int64_t one, std::int64_t other) {
  if (one == 0 || other == 0) return 0;
  return one > kCountless / other ? kCountless : one * other;
}

std::int64_t count(std::span<const Dimension> sizes, std::int64_t batch) {
  std::int64_t product = 1;
  for (const Dimension& size : sizes) {
    if (size.at(batch) == 0) return 0;
  }
  for (const Dimension& size : sizes) product = times(product, std::min(size.at(batch), kCountless));
  return product;
}

std::int64_t count(const Shape& shape, std::int64_t batch) {
  return count(std::span<const Dimension>(shape), batch);
}

std::string wrong_rank(const Call& call, std::size_t index, std::string_view name,
                       std::string_view expected) {
  return "input " + std::to_string(index) + " (" + std::string(name) + ") has the shape " +
         to_string(call.shape(index)) + ", expected " + std::string(expected);
}

Types as_first(const Call& call) { return call.input(0); }

std::int64_t one_each(const Call& /*call*/, std::span<const TensorType> outputs, std::int64_t batch) {
  return count(outputs[0].shape, batch);
}

std::int64_t none(const Call& /*call*/, std::span<const TensorType> /*outputs*/, std::int64_t /*batch*/) {
  return 0;
}

bool is_axis(std::int64_t axis, const Shape& shape, std::string& reason) {
  if (axis >= 0 && axis < static_cast<std::int64_t>(shape.size())) return true;
  reason = "axis " + std::to_string(axis) + " is not one of the shape " + to_string(shape);
  return false;
}

bool are_axes(const std::vector<std::int64_t>& axes, const Shape& shape, std::string& reason) {
  for (std::size_t index = 0; index < axes.size(); ++index) {
    if (!is_axis(axes[index], shape, reason)) return false;
    if (index > 0 && axes[index] <= axes[index - 1]) {
      reason = "the axes " + to_string(Attribute(axes)) + " are not each once and in order";
      return false;
    }
  }
  return true;
}

AttributeRule axis(std::string_view name, std::optional<Attribute> fallback) {
  return {
      .name = name, .kind = AttributeKind::kInteger, .fallback = std::move(fallback), .least = 0, .most = 7};
}

}  // namespace idn::graph::rules
