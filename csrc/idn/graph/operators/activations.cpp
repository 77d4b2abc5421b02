#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

constexpr std::int64_t kSoftmaxOperations = 4;  // of an element: greatest so far, less it, exp, over the sum

Types along_axis(const Call& call) {
  std::string reason;
  if (!is_axis(call.integer("axis"), call.shape(0), reason)) return Types::refused(reason);
  return call.input(0);
}

std::int64_t softmax_operations(const Call& /*call*/, std::span<const TensorType> outputs,
                                std::int64_t batch) {
  return times(kSoftmaxOperations, count(outputs[0].shape, batch));
}

Types with_slopes(const Call& call) {
  const Shape& slopes = call.shape(1);
  const Shape& input = call.shape(0);
  const bool one = slopes == Shape{1};
  if (!one && !(input.size() >= 2 && slopes == Shape{input[1]})) {
    return Types::refused(
        wrong_rank(call, 1, "slopes", "(1) or one for each channel of " + to_string(input)));
  }
  if (call.input(0).dtype != call.input(1).dtype)
    return Types::refused("the slopes are not of the input's type");
  return call.input(0);
}

Operator each(std::string_view name, std::string_view summary, std::vector<AttributeRule> attributes = {}) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", kFloats}},
          .attributes = std::move(attributes),
          .types = as_first,
          .operations = one_each};
}

AttributeRule number(std::string_view name, double fallback) {
  return {.name = name, .kind = AttributeKind::kNumber, .fallback = fallback};
}

Operator softmax(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", kFloats}},
          .attributes = {axis()},
          .types = along_axis,
          .operations = softmax_operations};
}

}  // namespace

Family activations() {
  return {
      each("elu", "alpha (exp x - 1) below zero.", {number("alpha", 1.0)}),
      each("gelu", "x times the normal distribution's function of x, or its approximation by tanh.",
           {{.name = "approximation",
             .kind = AttributeKind::kWord,
             .fallback = std::string("none"),
             .words = {"none", "tanh"}}}),
      each("hardsigmoid", "x / 6 + 1/2, kept between 0 and 1."),
      each("hardswish", "x times hardsigmoid x."),
      each("leaky_relu", "x, times slope below zero.", {number("slope", 0.01)}),
      softmax("log_softmax", "Logarithm of the softmax along an axis."),
      each("mish", "x tanh(softplus x)."),
      {.name = "prelu",
       .summary = "x, times a learned slope below zero: one for all or one a channel.",
       .inputs = {{"input", kFloats}, {"slopes", kFloats}},
       .types = with_slopes,
       .operations = one_each},
      {.name = "relu",
       .summary = "x, and zero below zero.",
       .inputs = {{"input", kNumbers}},
       .types = as_first,
       .operations = one_each},
      each("sigmoid", "1 / (1 + exp -x)."),
      each("silu", "x times sigmoid x."),
      softmax("softmax", "exp x over its sum along an axis."),
      each("softplus", "log(1 + exp(beta x)) / beta, and x itself above threshold / beta.",
           {number("beta", 1.0), number("threshold", 20.0)}),
      each("tanh", "Hyperbolic tangent."),
  };
}

}  // namespace idn::graph::rules
