#include <ATen/ops/aminmax.h>
#include <ATen/ops/index_select.h>

#include <algorithm>
#include <string>
#include <utility>

#include "idn/core/error.h"
#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

std::pair<std::int64_t, std::int64_t> extremes(const at::Tensor& indices) {
  const auto [least, most] = at::aminmax(indices);
  return {least.item().toLong(), most.item().toLong()};
}

// Torch reads memory at an index as it comes on some paths; none gets there that is not inside.
void check_indices(const at::Tensor& indices, std::int64_t size) {
  if (indices.numel() == 0) return;
  const auto [least, most] = extremes(indices);
  if (least >= 0 && most < size) return;
  throw idn::ExecutionError("an index is " + std::to_string(least < 0 ? least : most) + ", expected 0 to " +
                            std::to_string(size - 1));
}

Kernel embedding(const Site& site) {
  return [shape = site.output().shape](const Inputs& inputs) {
    const at::Tensor& table = inputs[1];
    check_indices(inputs[0], table.size(0));
    return at::index_select(table, 0, inputs[0].reshape({-1})).view(sizes_at(shape, inputs.batch()));
  };
}

Kernel gather(const Site& site) {
  return [axis = site.integer("axis")](const Inputs& inputs) {
    check_indices(inputs[1], inputs[0].size(axis));
    return at::index_select(inputs[0], axis, inputs[1]);
  };
}

}  // namespace

Family indexing() { return {{"embedding", 1, embedding}, {"gather", 1, gather}}; }

}  // namespace idn_torch::graph_kernels
