#pragma once

#include <ATen/core/Tensor.h>

namespace idn_torch::graph_kernels {

/// The input as another type, defined for every value: a floating-point number becomes the integer towards
/// zero, the nearest one the type has where it is out of range, 0 where it is NaN. Integers that do not fit
/// keep their low bits; whatever is not zero is true.
at::Tensor cast_to(const at::Tensor& input, at::ScalarType type);

}  // namespace idn_torch::graph_kernels
