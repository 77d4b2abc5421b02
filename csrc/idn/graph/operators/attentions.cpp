#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

// Of a score: the scale, and what the softmax does.
constexpr std::int64_t kOfScore = 5;

Types attended(const Call& call) {
  const Shape& query = call.shape(0);
  const Shape& key = call.shape(1);
  const Shape& value = call.shape(2);
  const std::size_t rank = query.size();
  if (rank < 3 || rank > 4)
    return Types::refused(wrong_rank(call, 0, "query", "(batch, [heads,] length, size)"));
  if (key.size() != rank || value.size() != rank)
    return Types::refused("query, key and value have not as many dimensions");
  for (std::size_t index = 1; index < 3; ++index) {
    if (call.input(index).dtype != call.input(0).dtype)
      return Types::refused("query, key and value are not of one type");
  }
  for (std::size_t axis = 0; axis + 2 < rank; ++axis) {
    if (key[axis] != query[axis] || value[axis] != query[axis]) {
      return Types::refused("query, key and value differ in axis " + std::to_string(axis));
    }
  }
  const Dimension& length = key[rank - 2];
  if (value[rank - 2] != length) return Types::refused("key and value are not of one length");
  if (key[rank - 1] != query[rank - 1]) return Types::refused("query and key are not of one size");
  if (!query[rank - 1].is_fixed() || query[rank - 1].fixed == 0 || length == Dimension(0)) {
    return Types::refused(wrong_rank(call, 0, "query", "a fixed size above zero, and keys"));
  }
  if (call.has(3)) {
    if (call.flag("causal")) return Types::refused("causal attention takes no mask beside");
    Shape scores(query.begin(), query.end() - 1);
    scores.push_back(length);
    const auto whole = broadcast(call.shape(3), scores);
    if (!whole || *whole != scores)
      return Types::refused(wrong_rank(call, 3, "mask", "one that broadcasts to " + to_string(scores)));
    if (call.input(3).dtype != DType::kBool && call.input(3).dtype != call.input(0).dtype) {
      return Types::refused("the mask is neither BOOL nor of the query's type");
    }
  }
  Shape shape = query;
  shape.back() = value.back();
  return TensorType{call.input(0).dtype, std::move(shape)};
}

std::int64_t attention_operations(const Call& call, std::span<const TensorType> outputs, std::int64_t batch) {
  const Shape& query = call.shape(0);
  const std::int64_t rows = count(std::span<const Dimension>(query).first(query.size() - 1), batch);
  const std::int64_t scores = times(rows, call.shape(1)[query.size() - 2].at(batch));
  const std::int64_t masked = call.has(3) ? scores : 0;
  const std::int64_t of_keys = times(2, times(scores, query.back().at(batch)));
  const std::int64_t of_values = times(2, times(scores, outputs[0].shape.back().at(batch)));
  return plus(plus(of_keys, of_values), plus(masked, times(kOfScore, scores)));
}

}  // namespace

Family attentions() {
  return {
      {.name = "attention",
       .summary = "softmax(scale * query key^T + mask) value; a BOOL mask says which keys are looked at.",
       .inputs = {{"query", kFloats},
                  {"key", kFloats},
                  {"value", kFloats},
                  {.name = "mask",
                   .dtypes = {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kBool},
                   .optional = true}},
       .attributes = {{.name = "causal", .kind = AttributeKind::kFlag, .fallback = false},
                      {.name = "scale", .kind = AttributeKind::kNumber}},
       .types = attended,
       .operations = attention_operations},
  };
}

}  // namespace idn::graph::rules
