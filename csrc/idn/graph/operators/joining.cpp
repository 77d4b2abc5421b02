#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

Types concatenated(const Call& call) {
  std::string reason;
  const std::int64_t axis_given = call.integer("axis");
  if (!is_axis(axis_given, call.shape(0), reason)) return Types::refused(reason);
  const auto along = static_cast<std::size_t>(axis_given);
  Shape shape = call.shape(0);
  for (std::size_t index = 1; index < call.size(); ++index) {
    if (call.input(index).dtype != call.input(0).dtype) return Types::refused("the inputs are of two types");
    Shape others = call.shape(index);
    if (others.size() != shape.size()) return Types::refused("the inputs have not as many dimensions");
    const auto sum = add(shape[along], others[along]);
    if (!sum) return Types::refused("the inputs are too large together");
    others[along] = shape[along];
    if (others != shape) {
      return Types::refused("input " + std::to_string(index) + " has the shape " +
                            to_string(call.shape(index)) + ", which does not fit " +
                            to_string(call.shape(0)) + " along axis " + std::to_string(axis_given));
    }
    shape[along] = *sum;
  }
  return TensorType{call.input(0).dtype, std::move(shape)};
}

// Elements start, start + step, … below stop, all within the axis.
Types sliced(const Call& call) {
  std::string reason;
  if (!is_axis(call.integer("axis"), call.shape(0), reason)) return Types::refused(reason);
  Shape shape = call.shape(0);
  Dimension& size = shape[static_cast<std::size_t>(call.integer("axis"))];
  const std::int64_t start = call.integer("start");
  const std::int64_t stop = call.integer("stop");
  if (!size.is_fixed()) return Types::refused("an axis that grows with the batch can't be sliced");
  if (start > stop || stop > size.fixed) {
    return Types::refused("the slice from " + std::to_string(start) + " to " + std::to_string(stop) +
                          " is not within axis " + std::to_string(call.integer("axis")) + " of " +
                          to_string(call.shape(0)));
  }
  size = (stop - start + call.integer("step") - 1) / call.integer("step");
  return TensorType{call.input(0).dtype, std::move(shape)};
}

AttributeRule position(std::string_view name) {
  return {.name = name, .kind = AttributeKind::kInteger, .least = 0};
}

}  // namespace

Family joining() {
  return {
      {.name = "concatenate",
       .summary = "One after the other along an axis.",
       .inputs = {{.name = "inputs", .dtypes = kAll, .repeated = true}},
       .attributes = {axis()},
       .types = concatenated,
       .operations = none},
      {.name = "slice",
       .summary = "Every step-th element from start to before stop along an axis.",
       .inputs = {{"input", kAll}},
       .attributes =
           {axis(),
            position("start"),
            position("stop"),
            {.name = "step", .kind = AttributeKind::kInteger, .fallback = std::int64_t{1}, .least = 1}},
       .types = sliced,
       .operations = none},
  };
}

}  // namespace idn::graph::rules
