#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/argmin.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/var.h>

#include <limits>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel argmax(const Site& site) {
  return [axis = site.integer("axis"), keep = site.flag("keep")](const Inputs& inputs) {
    return at::argmax(inputs[0], axis, keep);
  };
}

Kernel argmin(const Site& site) {
  return [axis = site.integer("axis"), keep = site.flag("keep")](const Inputs& inputs) {
    return at::argmin(inputs[0], axis, keep);
  };
}

// CUDA would round every sum on the way to a short float, as the CPU does not.
Kernel cumulative_sum(const Site& site) {
  return [axis = site.integer("axis")](const Inputs& inputs) {
    const at::Tensor& input = inputs[0];
    if (input.is_cpu() || input.scalar_type() == at::kFloat) return at::cumsum(input, axis);
    return at::cumsum(input, axis, at::kFloat).to(input.scalar_type());
  };
}

Kernel greatest(const Site& site) {
  return [axes = site.integers("axes"), keep = site.flag("keep")](const Inputs& inputs) {
    return at::amax(inputs[0], axes, keep);
  };
}

Kernel least(const Site& site) {
  return [axes = site.integers("axes"), keep = site.flag("keep")](const Inputs& inputs) {
    return at::amin(inputs[0], axes, keep);
  };
}

Kernel mean(const Site& site) {
  return [axes = site.integers("axes"), keep = site.flag("keep")](const Inputs& inputs) {
    return at::mean(inputs[0], axes, keep);
  };
}

// Integers are summed in their own type, where they wrap.
Kernel sum(const Site& site) {
  return [axes = site.integers("axes"), keep = site.flag("keep"), type = scalar_type(site.output().dtype)](
             const Inputs& inputs) { return at::sum(inputs[0], axes, keep, type); };
}

Kernel variance(const Site& site) {
  return [axes = site.integers("axes"), keep = site.flag("keep"), correction = site.integer("correction"),
          shape = site.output().shape](const Inputs& inputs) {
    std::int64_t count = 1;
    for (const std::int64_t axis : axes) count *= inputs[0].size(axis);
    // 0 over 0; torch gives the same and a warning beside.
    if (count <= correction) {
      return at::full(sizes_at(shape, inputs.batch()), std::numeric_limits<double>::quiet_NaN(),
                      inputs[0].options());
    }
    return at::var(inputs[0], at::OptionalIntArrayRef(axes), std::make_optional(at::Scalar(correction)),
                   keep);
  };
}

}  // namespace

Family reductions() {
  return {
      {"argmax", 1, argmax},       {"argmin", 1, argmin},     {"cumulative_sum", 1, cumulative_sum},
      {"reduce_max", 1, greatest}, {"reduce_mean", 1, mean},  {"reduce_min", 1, least},
      {"reduce_sum", 1, sum},      {"variance", 1, variance},
  };
}

}  // namespace idn_torch::graph_kernels
