#include <cstddef>
#include <optional>
#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

constexpr std::size_t kMostAxes = 3;  // in space
constexpr std::int64_t kMostStep = 1 << 16;

// An attribute with one number for each axis in space.
AttributeRule steps(std::string_view name, std::int64_t least) {
  return {.name = name,
          .kind = AttributeKind::kIntegers,
          .least = least,
          .most = kMostStep,
          .shortest = 1,
          .longest = kMostAxes};
}

AttributeRule groups() {
  return {.name = "groups",
          .kind = AttributeKind::kInteger,
          .fallback = std::int64_t{1},
          .least = 1,
          .most = kMostStep};
}

// What both kinds of convolution ask of their inputs, but for the channels; empty if all is right.
std::string wrong_inputs(const Call& call) {
  const Shape& input = call.shape(0);
  const Shape& weight = call.shape(1);
  if (input.size() < 3 || input.size() > kMostAxes + 2)
    return wrong_rank(call, 0, "input", "(batch, channels, 1 to 3 sizes)");
  if (weight.size() != input.size())
    return wrong_rank(call, 1, "weight", "as many sizes as " + to_string(input));
  for (std::size_t index = 0; index < call.size(); ++index) {
    if (call.has(index) && call.input(index).dtype != call.input(0).dtype)
      return "the inputs are of two types";
  }
  for (std::size_t axis = 0; axis < input.size(); ++axis) {
    if (!weight[axis].is_fixed() || weight[axis].fixed == 0)
      return wrong_rank(call, 1, "weight", "fixed sizes above zero");
    if (axis > 0 && !input[axis].is_fixed())
      return wrong_rank(call, 0, "input", "sizes that don't grow but the first");
  }
  for (const std::string_view name : {"stride", "padding", "dilation"}) {
    if (call.integers(name).size() != input.size() - 2) {
      return std::string(name) + " is " + to_string(Attribute(call.integers(name))) +
             ", expected a number for each of " + std::to_string(input.size() - 2) + " axes";
    }
  }
  return {};
}

std::string wrong_bias(const Call& call, std::int64_t channels) {
  if (!call.has(2) || call.shape(2) == Shape{channels}) return {};
  return wrong_rank(call, 2, "bias", to_string(Shape{channels}));
}

std::string wrong_groups(std::int64_t groups, std::int64_t channels, std::string_view which) {
  if (channels % groups == 0) return {};
  return std::to_string(channels) + " " + std::string(which) + " channels are no multiple of groups " +
         std::to_string(groups);
}

Types convolved(const Call& call) {
  if (std::string wrong = wrong_inputs(call); !wrong.empty()) return Types::refused(wrong);
  const Shape& input = call.shape(0);
  const Shape& weight = call.shape(1);
  const std::int64_t groups = call.integer("groups");
  for (const std::string& wrong :
       {wrong_groups(groups, weight[0].fixed, "output"), wrong_groups(groups, input[1].fixed, "input"),
        wrong_bias(call, weight[0].fixed)}) {
    if (!wrong.empty()) return Types::refused(wrong);
  }
  if (weight[1].fixed * groups != input[1].fixed) {
    return Types::refused(
        wrong_rank(call, 1, "weight",
                   std::to_string(input[1].fixed) + " channels over " + std::to_string(groups) + " groups"));
  }
  Shape shape{input[0], weight[0]};
  for (std::size_t axis = 2; axis < input.size(); ++axis) {
    const std::int64_t reach = call.integers("dilation")[axis - 2] * (weight[axis].fixed - 1) + 1;
    const std::int64_t room = input[axis].fixed + 2 * call.integers("padding")[axis - 2];
    if (reach > room) {
      return Types::refused("the kernel reaches over " + std::to_string(reach) + " elements of axis " +
                            std::to_string(axis) + ", which has " + std::to_string(room) +
                            " with its padding");
    }
    shape.emplace_back((room - reach) / call.integers("stride")[axis - 2] + 1);
  }
  return TensorType{call.input(0).dtype, std::move(shape)};
}

Types convolved_transposed(const Call& call) {
  if (std::string wrong = wrong_inputs(call); !wrong.empty()) return Types::refused(wrong);
  const Shape& input = call.shape(0);
  const Shape& weight = call.shape(1);
  const std::int64_t groups = call.integer("groups");
  const std::int64_t channels = weight[1].fixed * groups;
  if (weight[0] != input[1])
    return Types::refused(wrong_rank(call, 1, "weight", input[1].text() + " channels first"));
  for (const std::string& wrong :
       {wrong_groups(groups, input[1].fixed, "input"), wrong_bias(call, channels)}) {
    if (!wrong.empty()) return Types::refused(wrong);
  }
  const auto& extra = call.integers("output_padding");
  if (extra.size() != input.size() - 2)
    return Types::refused("output_padding has not a number for each axis");
  Shape shape{input[0], channels};
  for (std::size_t axis = 2; axis < input.size(); ++axis) {
    const std::size_t k = axis - 2;
    const std::int64_t stride = call.integers("stride")[k];
    const std::int64_t dilation = call.integers("dilation")[k];
    if (extra[k] >= stride && extra[k] >= dilation) {
      return Types::refused("output_padding " + std::to_string(extra[k]) +
                            " is below neither stride nor dilation");
    }
    const std::int64_t size = (input[axis].fixed - 1) * stride - 2 * call.integers("padding")[k] +
                              dilation * (weight[axis].fixed - 1) + extra[k] + 1;
    if (input[axis].fixed == 0 || size <= 0) {
      return Types::refused("axis " + std::to_string(axis) + " would have " + std::to_string(size) +
                            " elements");
    }
    shape.emplace_back(size);
  }
  return TensorType{call.input(0).dtype, std::move(shape)};
}

std::int64_t bias_operations(const Call& call, const Shape& output, std::int64_t batch) {
  return call.has(2) ? count(output, batch) : 0;
}

// Each output element is a sum over a kernel and the channels of its group.
std::int64_t convolution_operations(const Call& call, std::span<const TensorType> outputs,
                                    std::int64_t batch) {
  const auto kernel = std::span<const Dimension>(call.shape(1)).subspan(1);
  const std::int64_t sums = times(2, times(count(outputs[0].shape, batch), count(kernel, batch)));
  return plus(sums, bias_operations(call, outputs[0].shape, batch));
}

// Each input element is spread by a kernel over the channels of its group.
std::int64_t transposed_operations(const Call& call, std::span<const TensorType> outputs,
                                   std::int64_t batch) {
  const auto kernel = std::span<const Dimension>(call.shape(1)).subspan(1);
  const std::int64_t sums = times(2, times(count(call.shape(0), batch), count(kernel, batch)));
  return plus(sums, bias_operations(call, outputs[0].shape, batch));
}

std::vector<InputRule> inputs() {
  return {{"input", kFloats}, {"weight", kFloats}, {.name = "bias", .dtypes = kFloats, .optional = true}};
}

}  // namespace

Family convolutions() {
  return {
      {.name = "convolution",
       .summary = "Convolution in 1 to 3 dimensions: weight (out, in / groups, kernel), padded with zeros.",
       .inputs = inputs(),
       .attributes = {steps("stride", 1), steps("padding", 0), steps("dilation", 1), groups()},
       .types = convolved,
       .operations = convolution_operations},
      {.name = "transposed_convolution",
       .summary = "The gradient of a convolution as a layer: weight (in, out / groups, kernel).",
       .inputs = inputs(),
       .attributes = {steps("stride", 1), steps("padding", 0), steps("output_padding", 0),
                      steps("dilation", 1), groups()},
       .types = convolved_transposed,
       .operations = transposed_operations},
  };
}

}  // namespace idn::graph::rules
