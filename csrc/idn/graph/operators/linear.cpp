#include <algorithm>
#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

Types applied_linear(const Call& call) {
  const Shape& input = call.shape(0);
  const Shape& weight = call.shape(1);
  if (input.empty() || !input.back().is_fixed())
    return Types::refused(wrong_rank(call, 0, "input", "a fixed last size"));
  if (weight.size() != 2 || !weight[0].is_fixed() || weight[1] != input.back()) {
    return Types::refused(wrong_rank(call, 1, "weight", "(out, in) with in " + input.back().text()));
  }
  if (call.has(2) && call.shape(2) != Shape{weight[0]}) {
    return Types::refused(wrong_rank(call, 2, "bias", to_string(Shape{weight[0]})));
  }
  for (std::size_t index = 1; index < call.size(); ++index) {
    if (call.has(index) && call.input(index).dtype != call.input(0).dtype)
      return Types::refused("the inputs are of two types");
  }
  Shape shape = input;
  shape.back() = weight[0];
  return TensorType{call.input(0).dtype, std::move(shape)};
}

std::int64_t linear_operations(const Call& call, std::span<const TensorType> outputs, std::int64_t batch) {
  const std::int64_t elements = count(outputs[0].shape, batch);
  const std::int64_t sums = times(2, times(elements, call.shape(1)[1].fixed));
  return plus(sums, call.has(2) ? elements : 0);
}

Types multiplied(const Call& call) {
  const Shape& one = call.shape(0);
  const Shape& other = call.shape(1);
  if (call.input(0).dtype != call.input(1).dtype) return Types::refused("the inputs are of two types");
  if (one.size() < 2 || other.size() < 2 || one.back() != other[other.size() - 2]) {
    return Types::refused("the shapes " + to_string(one) + " and " + to_string(other) +
                          " are not of matrices that can be multiplied");
  }
  const Shape rows(one.begin(), one.end() - 2);
  const Shape columns(other.begin(), other.end() - 2);
  auto shape = broadcast(rows, columns);
  if (!shape) {
    return Types::refused("the shapes " + to_string(rows) + " and " + to_string(columns) +
                          " before the matrices can't be broadcast");
  }
  shape->push_back(one[one.size() - 2]);
  shape->push_back(other.back());
  return TensorType{call.input(0).dtype, *std::move(shape)};
}

std::int64_t multiplication_operations(const Call& call, std::span<const TensorType> outputs,
                                       std::int64_t batch) {
  return times(2, times(count(outputs[0].shape, batch), call.shape(0).back().at(batch)));
}

}  // namespace

Family linear() {
  return {
      {.name = "linear",
       .summary = "Input times the transposed weight (out, in), plus a bias, along the last axis.",
       .inputs = {{"input", kFloats},
                  {"weight", kFloats},
                  {.name = "bias", .dtypes = kFloats, .optional = true}},
       .types = applied_linear,
       .operations = linear_operations},
      {.name = "matrix_multiply",
       .summary = "Product of matrices in the last two axes, broadcast in those before.",
       .inputs = {{"input", kFloats}, {"other", kFloats}},
       .types = multiplied,
       .operations = multiplication_operations},
  };
}

}  // namespace idn::graph::rules
