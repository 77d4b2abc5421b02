#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

Types interpolated(const Call& call) {
  const Shape& input = call.shape(0);
  if (input.size() != 4)
    return Types::refused(wrong_rank(call, 0, "input", "(batch, channels, height, width)"));
  for (std::size_t axis = 1; axis < input.size(); ++axis) {
    if (!input[axis].is_fixed() || input[axis].fixed == 0) {
      return Types::refused(wrong_rank(call, 0, "input", "fixed sizes above zero but the first"));
    }
  }
  if (call.word("mode") == "nearest" && call.flag("align_corners")) {
    return Types::refused("align_corners has no meaning for mode nearest");
  }
  const auto& size = call.integers("size");
  return TensorType{call.input(0).dtype, {input[0], input[1], size[0], size[1]}};
}

// Multiply-adds with the neighbours in both directions: none, 2 x 2 or 4 x 4 of them.
std::int64_t neighbours_operations(const Call& call, std::span<const TensorType> outputs,
                                   std::int64_t batch) {
  const std::string& mode = call.word("mode");
  const std::int64_t neighbours = mode == "nearest" ? 0 : mode == "bilinear" ? 4 : 16;
  return times(2 * neighbours, count(outputs[0].shape, batch));
}

}  // namespace

Family interpolations() {
  return {
      {.name = "interpolate",
       .summary = "An image in another size.",
       .inputs = {{"input", kFloats}},
       .attributes = {{.name = "size",
                       .kind = AttributeKind::kIntegers,
                       .least = 1,
                       .most = 1 << 16,
                       .shortest = 2,
                       .longest = 2},
                      {.name = "mode",
                       .kind = AttributeKind::kWord,
                       .words = {"nearest", "bilinear", "bicubic"}},
                      {.name = "align_corners", .kind = AttributeKind::kFlag, .fallback = false}},
       .types = interpolated,
       .operations = neighbours_operations},
  };
}

}  // namespace idn::graph::rules
