#include <ATen/ops/cat.h>

#include <vector>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel concatenate(const Site& site) {
  return [axis = site.integer("axis")](const Inputs& inputs) {
    std::vector<at::Tensor> parts;
    parts.reserve(inputs.size());
    for (std::size_t index = 0; index < inputs.size(); ++index) parts.push_back(inputs[index]);
    return at::cat(parts, axis);
  };
}

Kernel slice(const Site& site) {
  return [axis = site.integer("axis"), start = site.integer("start"), stop = site.integer("stop"),
          step = site.integer("step")](const Inputs& inputs) {
    return inputs[0].slice(axis, start, stop, step);
  };
}

}  // namespace

Family joining() { return {{"concatenate", 1, concatenate}, {"slice", 1, slice, /*gives_view=*/true}}; }

}  // namespace idn_torch::graph_kernels
