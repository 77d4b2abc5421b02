#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#include <limits>
#include <optional>
#include <vector>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

// Torch's fast kernels want (batch, heads, length, size).
at::Tensor with_heads(const at::Tensor& tensor, bool has_them) {
  return has_them ? tensor : tensor.unsqueeze(1);
}

at::Tensor with_four_axes(const at::Tensor& mask, bool has_heads) {
  at::Tensor whole = has_heads || mask.dim() < 3 ? mask : mask.unsqueeze(1);
  while (whole.dim() < 4) whole = whole.unsqueeze(0);
  return whole;
}

// CUDA's kernels read 16 bytes at once, and not all of them look first whether these lie so.
at::Tensor aligned(const at::Tensor& tensor) {
  constexpr std::int64_t kBytes = 16;
  const auto is_odd = [&](std::int64_t items) {
    return items * static_cast<std::int64_t>(tensor.itemsize()) % kBytes != 0;
  };
  bool as_asked = !is_odd(tensor.storage_offset());
  if (!tensor.is_contiguous()) {
    as_asked = as_asked && tensor.stride(-1) == 1;
    for (std::int64_t axis = 0; axis + 1 < tensor.dim(); ++axis)
      as_asked = as_asked && (tensor.size(axis) == 1 || !is_odd(tensor.stride(axis)));
  }
  return as_asked ? tensor : tensor.clone(at::MemoryFormat::Contiguous);
}

// As every kernel of CUDA takes it: what is added to the scores, for each key. One takes what is forbidden
// for very unlikely instead, which is another answer where all is forbidden; one wants the keys side by side.
at::Tensor added_mask(const at::Tensor& mask, const at::Tensor& query, std::int64_t keys) {
  at::Tensor added = mask;
  if (mask.scalar_type() == at::kBool) {
    constexpr double kForbidden = -std::numeric_limits<double>::infinity();
    added = at::zeros(mask.sizes(), query.options()).masked_fill_(mask.logical_not(), kForbidden);
  }
  if (added.size(-1) != keys) {
    std::vector<std::int64_t> sizes = added.sizes().vec();
    sizes.back() = keys;
    added = added.expand(sizes).contiguous();
  }
  return aligned(added);
}

Kernel attention(const Site& site) {
  const bool has_heads = site.shape(0).size() == 4;
  return [has_heads, causal = site.flag("causal"), scale = site.number("scale"),
          shape = site.output().shape](const Inputs& inputs) {
    // Without keys there is nothing to look at.
    if (inputs[1].size(-2) == 0) return at::zeros(sizes_at(shape, inputs.batch()), inputs[0].options());
    at::Tensor query = with_heads(inputs[0], has_heads);
    at::Tensor key = with_heads(inputs[1], has_heads);
    at::Tensor value = with_heads(inputs[2], has_heads);
    std::optional<at::Tensor> mask = given(inputs[3]);
    if (mask) mask = with_four_axes(*mask, has_heads);
    if (!query.is_cpu()) {
      query = aligned(query);
      key = aligned(key);
      value = aligned(value);
      if (mask) mask = added_mask(*mask, query, key.size(-2));
    }
    const at::Tensor answer =
        at::scaled_dot_product_attention(query, key, value, mask, /*dropout_p=*/0.0, causal, scale);
    return has_heads ? answer : answer.squeeze(1);
  };
}

}  // namespace

Family attentions() { return {{"attention", 1, attention}}; }

}  // namespace idn_torch::graph_kernels
