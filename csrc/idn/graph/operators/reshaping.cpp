#include <algorithm>
#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

constexpr std::size_t kMostAxes = 8;

AttributeRule shape_attribute() {
  return {.name = "shape", .kind = AttributeKind::kDimensions, .shortest = 0, .longest = kMostAxes};
}

Types reshaped(const Call& call) {
  const Shape& shape = call.dimensions("shape");
  const auto before = elements(call.shape(0));
  const auto after = elements(shape);
  if (!after || before != after) {
    return Types::refused("the shape " + to_string(shape) + " has not as many elements as " +
                          to_string(call.shape(0)));
  }
  return TensorType{call.input(0).dtype, shape};
}

Types expanded(const Call& call) {
  const Shape& shape = call.dimensions("shape");
  const auto both = broadcast(call.shape(0), shape);
  if (!both || *both != shape) {
    return Types::refused("the shape " + to_string(call.shape(0)) + " can't be expanded to " +
                          to_string(shape));
  }
  return TensorType{call.input(0).dtype, shape};
}

Types permuted(const Call& call) {
  const auto& order = call.integers("order");
  auto sorted = order;
  std::ranges::sort(sorted);
  bool each_once = sorted.size() == call.shape(0).size();
  for (std::size_t axis = 0; axis < sorted.size(); ++axis)
    each_once = each_once && sorted[axis] == static_cast<std::int64_t>(axis);
  if (!each_once) {
    return Types::refused("order " + to_string(Attribute(order)) + " is no order of the axes of " +
                          to_string(call.shape(0)));
  }
  Shape shape;
  for (const std::int64_t axis : order) shape.push_back(call.shape(0)[static_cast<std::size_t>(axis)]);
  return TensorType{call.input(0).dtype, std::move(shape)};
}

// Elements before and after, for each axis: [before of axis 0, after of axis 0, before of axis 1, …].
Types padded(const Call& call) {
  const auto& amounts = call.integers("amounts");
  if (amounts.size() != 2 * call.shape(0).size()) {
    return Types::refused("amounts has " + std::to_string(amounts.size()) +
                          " numbers, expected two for each axis of " + to_string(call.shape(0)));
  }
  Shape shape = call.shape(0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t more = amounts[2 * axis] + amounts[2 * axis + 1];
    if (more != 0 && !shape[axis].is_fixed())
      return Types::refused("an axis that grows with the batch can't be padded");
    shape[axis].fixed += more;
  }
  return TensorType{call.input(0).dtype, std::move(shape)};
}

Types tiled(const Call& call) {
  const auto& times_each = call.integers("times");
  if (times_each.size() != call.shape(0).size())
    return Types::refused("times has not a number for each axis");
  Shape shape;
  for (std::size_t axis = 0; axis < times_each.size(); ++axis) {
    const auto size = multiply(call.shape(0)[axis], times_each[axis]);
    if (!size) return Types::refused("axis " + std::to_string(axis) + " would be too large");
    shape.push_back(*size);
  }
  return TensorType{call.input(0).dtype, std::move(shape)};
}

Types flipped(const Call& call) {
  std::string reason;
  if (!are_axes(call.integers("axes"), call.shape(0), reason)) return Types::refused(reason);
  return call.input(0);
}

// (batch, channels * factor^2, height, width) to (batch, channels, height * factor, width * factor).
Types shuffled(const Call& call) {
  const Shape& input = call.shape(0);
  const std::int64_t factor = call.integer("factor");
  if (input.size() != 4)
    return Types::refused(wrong_rank(call, 0, "input", "(batch, channels, height, width)"));
  const auto channels = divide(input[1], factor * factor);
  const auto height = multiply(input[2], factor);
  const auto width = multiply(input[3], factor);
  if (!channels || !height || !width) {
    return Types::refused(input[1].text() + " channels are no multiple of factor squared, " +
                          std::to_string(factor * factor));
  }
  return TensorType{call.input(0).dtype, {input[0], *channels, *height, *width}};
}

Operator moving(std::string_view name, std::string_view summary, AttributeRule attribute,
                Types (*types)(const Call&)) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", kAll}},
          .attributes = {std::move(attribute)},
          .types = types,
          .operations = none};
}

AttributeRule integers(std::string_view name, std::int64_t least, std::int64_t most,
                       std::size_t longest = kMostAxes) {
  return {.name = name, .kind = AttributeKind::kIntegers, .least = least, .most = most, .longest = longest};
}

}  // namespace

Family reshaping() {
  Operator pad = moving("pad", "Elements of one value around, so many before and after each axis.",
                        integers("amounts", 0, 1 << 16, 2 * kMostAxes), padded);
  pad.attributes.push_back({.name = "value", .kind = AttributeKind::kNumber, .fallback = 0.0});
  return {
      moving("expand", "Axes of one element repeated to a shape, and new ones before.", shape_attribute(),
             expanded),
      moving("flip", "The other way round along axes.", integers("axes", 0, 7), flipped),
      pad,
      moving("permute", "The axes in another order.", integers("order", 0, 7), permuted),
      moving("pixel_shuffle", "Groups of channels as squares of pixels.",
             {.name = "factor", .kind = AttributeKind::kInteger, .least = 1, .most = 1 << 8}, shuffled),
      moving("reshape", "The same elements in another shape.", shape_attribute(), reshaped),
      moving("tile", "The whole repeated along each axis.", integers("times", 1, 1 << 16), tiled),
  };
}

}  // namespace idn::graph::rules
