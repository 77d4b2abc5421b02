#include <string>

#include "idn/graph/operators/rules.h"

namespace idn::graph::rules {
namespace {

constexpr std::int64_t kMostStep = 1 << 16;

AttributeRule sizes(std::string_view name, std::int64_t least) {
  return {.name = name,
          .kind = AttributeKind::kIntegers,
          .least = least,
          .most = kMostStep,
          .shortest = 1,
          .longest = 3};
}

AttributeRule flag(std::string_view name, bool fallback) {
  return {.name = name, .kind = AttributeKind::kFlag, .fallback = fallback};
}

// (batch, channels, sizes…) with as many sizes as the attribute has numbers, none of which grows or is empty.
std::string wrong_input(const Call& call, std::size_t axes) {
  const Shape& input = call.shape(0);
  if (input.size() != axes + 2) {
    return wrong_rank(call, 0, "input",
                      "(batch, channels, sizes…) with sizes in number " + std::to_string(axes));
  }
  for (std::size_t axis = 1; axis < input.size(); ++axis) {
    if (!input[axis].is_fixed() || input[axis].fixed == 0) {
      return wrong_rank(call, 0, "input", "fixed sizes above zero but the first");
    }
  }
  return {};
}

// PyTorch's rule of ceil mode: the last window must begin inside the input or its padding before; it may
// reach beyond, as may a first one that is the only one. None where no window fits.
std::int64_t windows(std::int64_t size, std::int64_t reach, std::int64_t padding, std::int64_t stride,
                     bool ceil) {
  const std::int64_t span = size + 2 * padding - reach + (ceil ? stride - 1 : 0);
  if (span < 0) return 0;
  const std::int64_t number = span / stride + 1;
  return ceil && (number - 1) * stride >= size + padding ? number - 1 : number;
}

Types pooled(const Call& call, bool dilated) {
  const auto& kernel = call.integers("kernel");
  if (std::string wrong = wrong_input(call, kernel.size()); !wrong.empty()) return Types::refused(wrong);
  const auto& stride = call.integers("stride");
  const auto& padding = call.integers("padding");
  if (stride.size() != kernel.size() || padding.size() != kernel.size() ||
      (dilated && call.integers("dilation").size() != kernel.size())) {
    return Types::refused("kernel, stride, padding and dilation are not of one length");
  }
  Shape shape{call.shape(0)[0], call.shape(0)[1]};
  for (std::size_t k = 0; k < kernel.size(); ++k) {
    const std::int64_t dilation = dilated ? call.integers("dilation")[k] : 1;
    const std::int64_t reach = dilation * (kernel[k] - 1) + 1;
    const std::int64_t size = call.shape(0)[k + 2].fixed;
    if (2 * padding[k] > kernel[k]) {
      return Types::refused("padding " + std::to_string(padding[k]) + " is above half the kernel " +
                            std::to_string(kernel[k]));
    }
    const std::int64_t number = windows(size, reach, padding[k], stride[k], call.flag("ceil"));
    if (number == 0) {
      return Types::refused("a window of " + std::to_string(reach) + " elements does not fit axis " +
                            std::to_string(k + 2) + " of " + to_string(call.shape(0)));
    }
    shape.emplace_back(number);
  }
  return TensorType{call.input(0).dtype, std::move(shape)};
}

Types max_pooled(const Call& call) { return pooled(call, true); }
// In three dimensions torch averages no window that is larger than the input without its padding.
Types average_pooled(const Call& call) {
  Types types = pooled(call, false);
  const auto& kernel = call.integers("kernel");
  if (!types.ok() || kernel.size() < 3) return types;
  for (std::size_t k = 0; k < kernel.size(); ++k) {
    if (kernel[k] <= call.shape(0)[k + 2].fixed) continue;
    return Types::refused("a window of " + std::to_string(kernel[k]) + " elements is larger than axis " +
                          std::to_string(k + 2) + " of " + to_string(call.shape(0)));
  }
  return types;
}

Types adapted(const Call& call) {
  const auto& size = call.integers("size");
  if (std::string wrong = wrong_input(call, size.size()); !wrong.empty()) return Types::refused(wrong);
  Shape shape{call.shape(0)[0], call.shape(0)[1]};
  shape.insert(shape.end(), size.begin(), size.end());
  return TensorType{call.input(0).dtype, std::move(shape)};
}

std::int64_t window_operations(const Call& call, std::span<const TensorType> outputs, std::int64_t batch) {
  std::int64_t elements = count(outputs[0].shape, batch);
  for (const std::int64_t size : call.integers("kernel")) elements = times(elements, size);
  return elements;
}

// Each input element is looked at once, where the windows do not overlap.
std::int64_t adaptive_operations(const Call& call, std::span<const TensorType> /*outputs*/,
                                 std::int64_t batch) {
  return count(call.shape(0), batch);
}

Operator adaptive(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .inputs = {{"input", kFloats}},
          .attributes = {sizes("size", 1)},
          .types = adapted,
          .operations = adaptive_operations};
}

}  // namespace

Family pooling() {
  return {
      adaptive("adaptive_average_pool", "The mean of as many windows as the output is to have elements."),
      adaptive("adaptive_max_pool", "The greatest of as many windows as the output is to have elements."),
      {.name = "average_pool",
       .summary = "The mean of windows.",
       .inputs = {{"input", kFloats}},
       .attributes = {sizes("kernel", 1), sizes("stride", 1), sizes("padding", 0), flag("ceil", false),
                      flag("count_padding", true)},
       .types = average_pooled,
       .operations = window_operations},
      {.name = "max_pool",
       .summary = "The greatest of windows.",
       .inputs = {{"input", kFloats}},
       .attributes = {sizes("kernel", 1), sizes("stride", 1), sizes("padding", 0), sizes("dilation", 1),
                      flag("ceil", false)},
       .types = max_pooled,
       .operations = window_operations},
  };
}

}  // namespace idn::graph::rules
