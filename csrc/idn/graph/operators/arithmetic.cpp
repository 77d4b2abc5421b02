#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

constexpr AttributeKind kNumberKind = AttributeKind::kNumber;

Types broadcast_together(const Call& call) {
  if (call.input(0).dtype != call.input(1).dtype) {
    return Types::refused("the inputs are " + std::string(to_string(call.input(0).dtype)) + " and " +
                          std::string(to_string(call.input(1).dtype)) + ", expected the same");
  }
  auto shape = broadcast(call.shape(0), call.shape(1));
  if (!shape) {
    return Types::refused("the shapes " + to_string(call.shape(0)) + " and " + to_string(call.shape(1)) +
                          " can't be broadcast against each other");
  }
  return TensorType{call.input(0).dtype, *std::move(shape)};
}

Types clamped(const Call& call) {
  if (!(call.number("least") <= call.number("most"))) {
    return Types::refused("least " + to_string(Attribute(call.number("least"))) + " is above most " +
                          to_string(Attribute(call.number("most"))));
  }
  return call.input(0);
}

Types converted(const Call& call) {
  const auto wanted = dtype(call.word("dtype"));
  if (!wanted) return Types::refused("there is no type " + call.word("dtype"));
  return TensorType{*wanted, call.shape(0)};
}

Operator pairwise(std::string_view name, std::string_view summary, DTypes dtypes) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", dtypes}, {"other", dtypes}},
          .types = broadcast_together,
          .operations = one_each};
}

Operator each(std::string_view name, std::string_view summary, DTypes dtypes = kFloats) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", dtypes}},
          .types = as_first,
          .operations = one_each};
}

}  // namespace

Family arithmetic() {
  return {
      pairwise("add", "Sum of two, broadcast.", kNumbers),
      pairwise("subtract", "The first less the second, broadcast.", kNumbers),
      pairwise("multiply", "Product of two, broadcast.", kNumbers),
      // Of floats alone: dividing integers by zero would stop the process.
      pairwise("divide", "The first over the second, broadcast.", kFloats),
      pairwise("maximum", "The larger of two, broadcast.", kNumbers),
      pairwise("minimum", "The smaller of two, broadcast.", kNumbers),
      pairwise("power", "The first to the power of the second, broadcast.", kFloats),
      each("absolute", "Absolute value.", kNumbers),
      each("ceil", "Rounded up."),
      each("cos", "Cosine."),
      each("erf", "Error function."),
      each("exp", "e to the power of the input."),
      each("floor", "Rounded down."),
      each("log", "Natural logarithm."),
      each("negate", "Less than zero what was more.", kNumbers),
      each("reciprocal", "One over the input."),
      each("round", "Rounded to the nearest whole number, halves to the even one."),
      each("rsqrt", "One over the square root."),
      each("sign", "-1, 0 or 1.", kNumbers),
      each("sin", "Sine."),
      each("sqrt", "Square root."),
      {.name = "clamp",
       .summary = "Kept between two numbers.",
       .inputs = {{"input", kFloats}},
       .attributes = {{.name = "least", .kind = kNumberKind}, {.name = "most", .kind = kNumberKind}},
       .types = clamped,
       .operations = one_each},
      {.name = "cast",
       .summary = "As another type; what has no value there is the executor's to define: never a trap.",
       .inputs = {{"input", kAll}},
       .attributes = {{.name = "dtype",
                       .kind = AttributeKind::kWord,
                       .words = {"F32", "F16", "BF16", "I64", "I32", "U8", "BOOL"}}},
       .types = converted,
       .operations = none},
  };
}

}  // namespace idn::graph::rules
