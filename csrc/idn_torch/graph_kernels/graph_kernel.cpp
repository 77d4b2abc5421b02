#include "idn_torch/graph_kernels/graph_kernel.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace idn_torch::graph_kernels {
namespace {

using idn::graph::DType;

std::vector<GraphKernel> collected() {
  std::vector<GraphKernel> all;
  for (const auto family :
       {activations, arithmetic, attentions, comparisons, convolutions, indexing, interpolations, joining,
        linear, normalizations, pooling, reductions, reshaping}) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  return all;
}

template <class Integer>
at::Scalar saturated_scalar(double value) {
  using Limits = std::numeric_limits<Integer>;
  if (std::isnan(value)) return std::int64_t{0};
  if (value <= static_cast<double>(Limits::min())) return static_cast<std::int64_t>(Limits::min());
  if (value >= static_cast<double>(Limits::max())) return static_cast<std::int64_t>(Limits::max());
  return static_cast<std::int64_t>(value);
}

// A double beyond what a float can hold is no value of one in C++; this one is infinite.
float narrowed(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  if (std::abs(value) <= kMost) return static_cast<float>(value);
  return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(value < 0 ? -1 : 1));
}

}  // namespace

const GraphKernel& find_kernel(const idn::graph::Operator& applied) {
  static const std::vector<GraphKernel> all = collected();
  const auto found = std::ranges::find_if(all, [&](const GraphKernel& one) {
    return one.name == applied.name && one.version == applied.version;
  });
  if (found == all.end())
    throw std::logic_error(std::string("the operator has no kernel: ").append(applied.name));
  return *found;
}

at::Scalar Site::scalar(std::string_view name) const {
  const double value = number(name);
  switch (type(0).dtype) {
    case DType::kFloat32:
      return narrowed(value);
    case DType::kFloat16:
      return static_cast<float>(c10::Half(narrowed(value)));
    case DType::kBFloat16:
      return static_cast<float>(c10::BFloat16(narrowed(value)));
    case DType::kInt64:
      return saturated_scalar<std::int64_t>(value);
    case DType::kInt32:
      return saturated_scalar<std::int32_t>(value);
    case DType::kUint8:
      return saturated_scalar<std::uint8_t>(value);
    case DType::kBool:
      return value != 0;
  }
  return value;
}

}  // namespace idn_torch::graph_kernels
