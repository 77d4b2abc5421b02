#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#include <optional>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

// Torch's fast kernels want (batch, heads, length, size).
at::Tensor with_heads(const at::Tensor& tensor, bool has_them) {
  return has_them ? tensor : tensor.unsqueeze(1);
}

std::optional<at::Tensor> mask_of(const at::Tensor& mask, bool has_heads) {
  if (!mask.defined()) return std::nullopt;
  at::Tensor whole = has_heads || mask.dim() < 3 ? mask : mask.unsqueeze(1);
  while (whole.dim() < 4) whole = whole.unsqueeze(0);
  return whole;
}

Kernel attention(const Site& site) {
  const bool has_heads = site.shape(0).size() == 4;
  return [has_heads, causal = site.flag("causal"), scale = site.number("scale"),
          shape = site.output().shape](const Inputs& inputs) {
    // Without keys there is nothing to look at.
    if (inputs[1].size(-2) == 0) return at::zeros(sizes_at(shape, inputs.batch()), inputs[0].options());
    const at::Tensor answer = at::scaled_dot_product_attention(
        with_heads(inputs[0], has_heads), with_heads(inputs[1], has_heads), with_heads(inputs[2], has_heads),
        mask_of(inputs[3], has_heads), /*dropout_p=*/0.0, causal, scale);
    return has_heads ? answer : answer.squeeze(1);
  };
}

}  // namespace

Family attentions() { return {{"attention", 1, attention}}; }

}  // namespace idn_torch::graph_kernels
