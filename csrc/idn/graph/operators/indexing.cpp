#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

// What indices say is seen only when they are there: the executor refuses those out of range.
Types embedded(const Call& call) {
  const Shape& table = call.shape(1);
  if (table.size() != 2 || !table[0].is_fixed() || !table[1].is_fixed() || table[0].fixed == 0) {
    return Types::refused(wrong_rank(call, 1, "table", "(entries, size), both fixed"));
  }
  Shape shape = call.shape(0);
  shape.push_back(table[1]);
  return TensorType{call.input(1).dtype, std::move(shape)};
}

Types gathered(const Call& call) {
  std::string reason;
  if (!is_axis(call.integer("axis"), call.shape(0), reason)) return Types::refused(reason);
  const auto along = static_cast<std::size_t>(call.integer("axis"));
  if (call.shape(1).size() != 1) return Types::refused(wrong_rank(call, 1, "indices", "one dimension"));
  if (call.shape(0)[along].fixed == 0)
    return Types::refused("axis " + std::to_string(along) + " may be empty");
  Shape shape = call.shape(0);
  shape[along] = call.shape(1)[0];
  return TensorType{call.input(0).dtype, std::move(shape)};
}

}  // namespace

Family indexing() {
  return {
      {.name = "embedding",
       .summary = "The rows of a table at indices.",
       .inputs = {{"indices", kIndices}, {"table", kFloats}},
       .types = embedded,
       .operations = none},
      {.name = "gather",
       .summary = "The slices along an axis at indices.",
       .inputs = {{"input", kAll}, {"indices", kIndices}},
       .attributes = {axis()},
       .types = gathered,
       .operations = none},
  };
}

}  // namespace idn::graph::rules
