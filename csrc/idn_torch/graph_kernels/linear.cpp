#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <optional>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

// Without input features nothing is left but the bias.
at::Tensor applied(const Inputs& inputs, const idn::graph::Shape& shape) {
  const at::Tensor& bias = inputs[2];
  if (inputs[0].numel() != 0)
    return at::linear(inputs[0], inputs[1], bias.defined() ? std::optional(bias) : std::nullopt);
  const at::Tensor zeros = at::zeros(sizes_at(shape, inputs.batch()), inputs[0].options());
  return bias.defined() ? zeros.add(bias) : zeros;
}

Kernel linear(const Site& site) {
  const idn::graph::Shape& shape = site.output().shape;
  if (site.activation() == Activation::kNone)
    return [shape](const Inputs& inputs) { return applied(inputs, shape); };
  return [shape](const Inputs& inputs) { return applied(inputs, shape).relu_(); };
}

Kernel matrix_multiply(const Site& /*site*/) {
  return [](const Inputs& inputs) { return at::matmul(inputs[0], inputs[1]); };
}

}  // namespace

Family linear() { return {{"linear", 1, linear}, {"matrix_multiply", 1, matrix_multiply}}; }

}  // namespace idn_torch::graph_kernels
