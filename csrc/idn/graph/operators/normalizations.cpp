#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

// Operations of an element: less the mean, times a factor, times the weight, plus the bias; where mean and
// variance are of the input itself, two for each of them more.
constexpr std::int64_t kWithGivenStatistics = 2;
constexpr std::int64_t kWithOwnStatistics = 8;
constexpr std::int64_t kRootMeanSquare = 4;

AttributeRule epsilon() { return {.name = "epsilon", .kind = AttributeKind::kNumber}; }

std::string wrong_epsilon(const Call& call) {
  if (call.number("epsilon") >= 0) return {};
  return "epsilon is " + to_string(Attribute(call.number("epsilon"))) + ", expected 0 or more";
}

std::string wrong_parameter(const Call& call, std::size_t index, std::string_view name,
                            const Shape& expected) {
  if (!call.has(index)) return {};
  if (call.input(index).dtype != call.input(0).dtype)
    return "the " + std::string(name) + " is not of the input's type";
  if (call.shape(index) == expected) return {};
  return wrong_rank(call, index, name, to_string(expected));
}

std::string wrong_channels(const Call& call, std::size_t least_rank) {
  if (call.shape(0).size() < least_rank) return wrong_rank(call, 0, "input", "(batch, channels, …)");
  if (call.shape(0)[1].is_fixed()) return {};
  return wrong_rank(call, 0, "input", "a fixed number of channels");
}

Types batch_normalized(const Call& call) {
  if (std::string wrong = wrong_channels(call, 2); !wrong.empty()) return Types::refused(wrong);
  const Shape channels{call.shape(0)[1]};
  for (const std::string& wrong :
       {wrong_parameter(call, 1, "mean", channels), wrong_parameter(call, 2, "variance", channels),
        wrong_parameter(call, 3, "weight", channels), wrong_parameter(call, 4, "bias", channels),
        wrong_epsilon(call)}) {
    if (!wrong.empty()) return Types::refused(wrong);
  }
  return call.input(0);
}

Types group_normalized(const Call& call) {
  if (std::string wrong = wrong_channels(call, 2); !wrong.empty()) return Types::refused(wrong);
  const Dimension& channels = call.shape(0)[1];
  if (channels.fixed % call.integer("groups") != 0) {
    return Types::refused(channels.text() + " channels are no multiple of groups " +
                          std::to_string(call.integer("groups")));
  }
  for (const std::string& wrong : {wrong_parameter(call, 1, "weight", {channels}),
                                   wrong_parameter(call, 2, "bias", {channels}), wrong_epsilon(call)}) {
    if (!wrong.empty()) return Types::refused(wrong);
  }
  for (std::size_t index = 2; index < call.shape(0).size(); ++index) {
    if (!call.shape(0)[index].is_fixed())
      return Types::refused(wrong_rank(call, 0, "input", "sizes that don't grow but the first"));
  }
  return call.input(0);
}

Types instance_normalized(const Call& call) {
  if (std::string wrong = wrong_channels(call, 3); !wrong.empty()) return Types::refused(wrong);
  const Shape channels{call.shape(0)[1]};
  for (const std::string& wrong : {wrong_parameter(call, 1, "weight", channels),
                                   wrong_parameter(call, 2, "bias", channels), wrong_epsilon(call)}) {
    if (!wrong.empty()) return Types::refused(wrong);
  }
  return call.input(0);
}

// The last axes, as many as the attribute says.
Types last_axes_normalized(const Call& call) {
  const Shape& input = call.shape(0);
  const auto axes = static_cast<std::size_t>(call.integer("axes"));
  if (axes > input.size())
    return Types::refused("axes is " + std::to_string(axes) + ", more than " + to_string(input) + " has");
  const Shape expected(input.end() - static_cast<std::ptrdiff_t>(axes), input.end());
  for (const Dimension& size : expected) {
    if (!size.is_fixed())
      return Types::refused(wrong_rank(call, 0, "input", "fixed sizes in the axes that are normalised"));
  }
  for (const std::string& wrong : {wrong_parameter(call, 1, "weight", expected),
                                   wrong_parameter(call, 2, "bias", expected), wrong_epsilon(call)}) {
    if (!wrong.empty()) return Types::refused(wrong);
  }
  return call.input(0);
}

Types locally_normalized(const Call& call) {
  if (std::string wrong = wrong_channels(call, 3); !wrong.empty()) return Types::refused(wrong);
  return call.input(0);
}

template <std::int64_t Each>
std::int64_t each_element(const Call& /*call*/, std::span<const TensorType> outputs, std::int64_t batch) {
  return times(Each, count(outputs[0].shape, batch));
}

// A square, a sum over the window, a factor and a summand, a power, a division.
std::int64_t local_operations(const Call& call, std::span<const TensorType> outputs, std::int64_t batch) {
  return times(plus(5, call.integer("size")), count(outputs[0].shape, batch));
}

InputRule parameter(std::string_view name) { return {.name = name, .dtypes = kFloats, .optional = true}; }

}  // namespace

Family normalizations() {
  const AttributeRule axes{.name = "axes", .kind = AttributeKind::kInteger, .least = 1, .most = 8};
  const AttributeRule groups{.name = "groups", .kind = AttributeKind::kInteger, .least = 1, .most = 1 << 16};
  return {
      {.name = "batch_normalization",
       .summary = "By the mean and variance of the training, a channel each.",
       .inputs = {{"input", kFloats},
                  {"mean", kFloats},
                  {"variance", kFloats},
                  parameter("weight"),
                  parameter("bias")},
       .attributes = {epsilon()},
       .types = batch_normalized,
       .operations = each_element<kWithGivenStatistics>},
      {.name = "group_normalization",
       .summary = "By mean and variance of groups of channels of a sample.",
       .inputs = {{"input", kFloats}, parameter("weight"), parameter("bias")},
       .attributes = {groups, epsilon()},
       .types = group_normalized,
       .operations = each_element<kWithOwnStatistics>},
      {.name = "instance_normalization",
       .summary = "By mean and variance of each channel of a sample.",
       .inputs = {{"input", kFloats}, parameter("weight"), parameter("bias")},
       .attributes = {epsilon()},
       .types = instance_normalized,
       .operations = each_element<kWithOwnStatistics>},
      {.name = "layer_normalization",
       .summary = "By mean and variance over the last axes.",
       .inputs = {{"input", kFloats}, parameter("weight"), parameter("bias")},
       .attributes = {axes, epsilon()},
       .types = last_axes_normalized,
       .operations = each_element<kWithOwnStatistics>},
      {.name = "local_response_normalization",
       .summary =
           "Over (k + alpha / size * sum of squares of the neighbouring channels) to the power of beta.",
       .inputs = {{"input", kFloats}},
       .attributes = {{.name = "size", .kind = AttributeKind::kInteger, .least = 1, .most = 1 << 16},
                      {.name = "alpha", .kind = AttributeKind::kNumber},
                      {.name = "beta", .kind = AttributeKind::kNumber},
                      {.name = "k", .kind = AttributeKind::kNumber}},
       .types = locally_normalized,
       .operations = local_operations},
      {.name = "root_mean_square_normalization",
       .summary = "Over the root of the mean square of the last axes.",
       .inputs = {{"input", kFloats}, parameter("weight")},
       .attributes = {axes, epsilon()},
       .types = last_axes_normalized,
       .operations = each_element<kRootMeanSquare>},
  };
}

}  // namespace idn::graph::rules
