#pragma once

#include <ATen/core/Tensor.h>

namespace idn_torch::graph_kernels {

/// input / (k + alpha / size * sum of squares of `size` channels around)^beta; size / 2 of them before, and
/// what is outside counts as 0. Input (batch, channels, …).
at::Tensor local_response(const at::Tensor& input, std::int64_t size, double alpha, double beta, double k);

}  // namespace idn_torch::graph_kernels
