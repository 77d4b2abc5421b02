#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel interpolate(const Site& site) {
  const auto& size = site.integers("size");
  const bool align = site.flag("align_corners");
  if (site.word("mode") == "nearest")
    return [size](const Inputs& inputs) { return at::upsample_nearest2d(inputs[0], size); };
  if (site.word("mode") == "bilinear")
    return [size, align](const Inputs& inputs) { return at::upsample_bilinear2d(inputs[0], size, align); };
  return [size, align](const Inputs& inputs) { return at::upsample_bicubic2d(inputs[0], size, align); };
}

}  // namespace

Family interpolations() { return {{"interpolate", 1, interpolate}}; }

}  // namespace idn_torch::graph_kernels
