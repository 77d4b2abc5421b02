#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

std::string not_broadcast(const Shape& one, const Shape& other) {
  return "the shapes " + to_string(one) + " and " + to_string(other) +
         " can't be broadcast against each other";
}

Types compared(const Call& call) {
  if (call.input(0).dtype != call.input(1).dtype) return Types::refused("the inputs are of two types");
  auto shape = broadcast(call.shape(0), call.shape(1));
  if (!shape) return Types::refused(not_broadcast(call.shape(0), call.shape(1)));
  return TensorType{DType::kBool, *std::move(shape)};
}

Types selected(const Call& call) {
  if (call.input(1).dtype != call.input(2).dtype)
    return Types::refused("what is chosen from is of two types");
  const auto values = broadcast(call.shape(1), call.shape(2));
  if (!values) return Types::refused(not_broadcast(call.shape(1), call.shape(2)));
  auto shape = broadcast(call.shape(0), *values);
  if (!shape) return Types::refused(not_broadcast(call.shape(0), *values));
  return TensorType{call.input(1).dtype, *std::move(shape)};
}

Operator comparison(std::string_view name, std::string_view summary, DTypes dtypes = kNumbers) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", dtypes}, {"other", dtypes}},
          .types = compared,
          .operations = one_each};
}

}  // namespace

Family comparisons() {
  return {
      comparison("equal", "Whether two are equal, broadcast.", kAll),
      comparison("greater", "Whether the first is above the second, broadcast."),
      comparison("greater_equal", "Whether the first is not below the second, broadcast."),
      comparison("less", "Whether the first is below the second, broadcast."),
      comparison("less_equal", "Whether the first is not above the second, broadcast."),
      comparison("logical_and", "Whether both hold, broadcast.", kBooleans),
      comparison("logical_or", "Whether one holds, broadcast.", kBooleans),
      comparison("not_equal", "Whether two differ, broadcast.", kAll),
      {.name = "logical_not",
       .summary = "Whether it does not hold.",
       .inputs = {{"input", kBooleans}},
       .types = as_first,
       .operations = one_each},
      {.name = "select",
       .summary = "Where the condition holds the second, else the third, broadcast.",
       .inputs = {{"condition", kBooleans}, {"then", kAll}, {"otherwise", kAll}},
       .types = selected,
       .operations = one_each},
  };
}

}  // namespace idn::graph::rules
