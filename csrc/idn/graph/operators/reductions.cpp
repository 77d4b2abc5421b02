#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

Shape without(const Shape& shape, const std::vector<std::int64_t>& axes, bool keep) {
  Shape left;
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool reduced = next < axes.size() && axes[next] == static_cast<std::int64_t>(axis);
    if (reduced) ++next;
    if (!reduced) left.push_back(shape[axis]);
    if (reduced && keep) left.emplace_back(1);
  }
  return left;
}

// Over nothing there is no greatest, and no mean but NaN: axes that are or may be empty are refused for
// these.
std::string may_be_empty(const Shape& shape, const std::vector<std::int64_t>& axes) {
  for (const std::int64_t axis : axes) {
    const Dimension& size = shape[static_cast<std::size_t>(axis)];
    if (size.fixed == 0) return "axis " + std::to_string(axis) + " of " + to_string(shape) + " may be empty";
  }
  return {};
}

Types reduced(const Call& call) {
  std::string reason;
  const auto& axes = call.integers("axes");
  if (!are_axes(axes, call.shape(0), reason)) return Types::refused(reason);
  return TensorType{call.input(0).dtype, without(call.shape(0), axes, call.flag("keep"))};
}

Types reduced_of_some(const Call& call) {
  Types types = reduced(call);
  if (!types.ok()) return types;
  if (std::string wrong = may_be_empty(call.shape(0), call.integers("axes")); !wrong.empty())
    return Types::refused(wrong);
  return types;
}

Types found(const Call& call) {
  const std::vector<std::int64_t> axes{call.integer("axis")};
  std::string reason;
  if (!are_axes(axes, call.shape(0), reason)) return Types::refused(reason);
  if (std::string wrong = may_be_empty(call.shape(0), axes); !wrong.empty()) return Types::refused(wrong);
  return TensorType{DType::kInt64, without(call.shape(0), axes, call.flag("keep"))};
}

Types accumulated(const Call& call) {
  std::string reason;
  if (!is_axis(call.integer("axis"), call.shape(0), reason)) return Types::refused(reason);
  return call.input(0);
}

template <std::int64_t Each>
std::int64_t each_input(const Call& call, std::span<const TensorType> /*outputs*/, std::int64_t batch) {
  return times(Each, count(call.shape(0), batch));
}

AttributeRule axes() {
  return {
      .name = "axes", .kind = AttributeKind::kIntegers, .least = 0, .most = 7, .shortest = 1, .longest = 8};
}

AttributeRule keep() { return {.name = "keep", .kind = AttributeKind::kFlag, .fallback = false}; }

Operator over_axes(std::string_view name, std::string_view summary, DTypes dtypes,
                   Types (*types)(const Call&)) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", dtypes}},
          .attributes = {axes(), keep()},
          .types = types,
          .operations = each_input<1>};
}

Operator place(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", kNumbers}},
          .attributes = {axis(), keep()},
          .types = found,
          .operations = each_input<1>};
}

}  // namespace

Family reductions() {
  Operator variance = over_axes("variance", "Mean squared distance from the mean, over n - correction.",
                                kFloats, reduced_of_some);
  variance.attributes.push_back({.name = "correction",
                                 .kind = AttributeKind::kInteger,
                                 .fallback = std::int64_t{1},
                                 .least = 0,
                                 .most = 1});
  variance.operations = each_input<4>;
  return {
      place("argmax", "Where the greatest along an axis is; the first of equals."),
      place("argmin", "Where the least along an axis is; the first of equals."),
      {.name = "cumulative_sum",
       .summary = "Sum of all up to each element along an axis.",
       .inputs = {{"input", kFloats}},
       .attributes = {axis()},
       .types = accumulated,
       .operations = one_each},
      over_axes("reduce_max", "The greatest over axes.", kNumbers, reduced_of_some),
      over_axes("reduce_mean", "The mean over axes.", kFloats, reduced_of_some),
      over_axes("reduce_min", "The least over axes.", kNumbers, reduced_of_some),
      over_axes("reduce_sum", "The sum over axes.", kFloats, reduced),
      variance,
  };
}

}  // namespace idn::graph::rules
