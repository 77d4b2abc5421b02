#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

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

// CUDA's kernels read as many bytes at once, and not all of them look first whether these lie so. (To torch
// 2.13: memory-efficient attention.)
constexpr std::int64_t kBytesAtOnce = 16;

bool fits(const at::Tensor& tensor, std::int64_t items) {
  return items * static_cast<std::int64_t>(tensor.itemsize()) % kBytesAtOnce == 0;
}

bool begins_well(const at::Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % kBytesAtOnce == 0 &&
         tensor.stride(-1) == 1;
}

// Rows of other sizes go to kernels that read item by item.
at::Tensor aligned(const at::Tensor& rows) {
  if (!fits(rows, rows.size(-1))) return rows;
  const at::IntArrayRef strides = rows.strides().slice(0, rows.dim() - 1);
  const bool all_fit = std::ranges::all_of(strides, [&](std::int64_t stride) { return fits(rows, stride); });
  return begins_well(rows) && all_fit ? rows : rows.clone(at::MemoryFormat::Contiguous);
}

// What is added to the scores, for each key. Of bools cuDNN makes numbers that are very small, in torch 2.11,
// which is another answer where all is forbidden; memory-efficient attention reads one key after the other.
at::Tensor added_mask(const at::Tensor& mask, const at::TensorOptions& options, std::int64_t keys) {
  at::Tensor added = mask;
  if (mask.scalar_type() == at::kBool) {
    constexpr double kForbidden = -std::numeric_limits<double>::infinity();
    added = at::where(mask, at::zeros({}, options), at::full({}, kForbidden, options));
  }
  if (added.size(-1) != keys) added = added.expand({-1, -1, -1, keys}).contiguous();
  return begins_well(added) ? added : added.clone(at::MemoryFormat::Contiguous);
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
      if (mask) mask = added_mask(*mask, query.options(), key.size(-2));
    }
    const at::Tensor answer =
        at::scaled_dot_product_attention(query, key, value, mask, /*dropout_p=*/0.0, causal, scale);
    return has_heads ? answer : answer.squeeze(1);
  };
}

}  // namespace

Family attentions() { return {{"attention", 1, attention}}; }

}  // namespace idn_torch::graph_kernels
