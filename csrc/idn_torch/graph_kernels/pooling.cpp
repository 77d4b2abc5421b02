#include <ATen/ops/adaptive_avg_pool1d.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/adaptive_avg_pool3d.h>
#include <ATen/ops/adaptive_max_pool1d.h>
#include <ATen/ops/adaptive_max_pool2d.h>
#include <ATen/ops/adaptive_max_pool3d.h>
#include <ATen/ops/avg_pool1d.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool3d.h>
#include <ATen/ops/max_pool1d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/max_pool3d.h>

#include <tuple>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel adaptive_average_pool(const Site& site) {
  return [size = site.integers("size")](const Inputs& inputs) {
    switch (size.size()) {
      case 1:
        return at::adaptive_avg_pool1d(inputs[0], size);
      case 2:
        return at::adaptive_avg_pool2d(inputs[0], size);
      default:
        return at::adaptive_avg_pool3d(inputs[0], size);
    }
  };
}

Kernel adaptive_max_pool(const Site& site) {
  return [size = site.integers("size")](const Inputs& inputs) {
    switch (size.size()) {
      case 1:
        return std::get<0>(at::adaptive_max_pool1d(inputs[0], size));
      case 2:
        return std::get<0>(at::adaptive_max_pool2d(inputs[0], size));
      default:
        return std::get<0>(at::adaptive_max_pool3d(inputs[0], size));
    }
  };
}

Kernel average_pool(const Site& site) {
  return
      [kernel = site.integers("kernel"), stride = site.integers("stride"), padding = site.integers("padding"),
       ceil = site.flag("ceil"), counted = site.flag("count_padding")](const Inputs& inputs) {
        switch (kernel.size()) {
          case 1:
            return at::avg_pool1d(inputs[0], kernel, stride, padding, ceil, counted);
          case 2:
            return at::avg_pool2d(inputs[0], kernel, stride, padding, ceil, counted);
          default:
            return at::avg_pool3d(inputs[0], kernel, stride, padding, ceil, counted);
        }
      };
}

Kernel max_pool(const Site& site) {
  return
      [kernel = site.integers("kernel"), stride = site.integers("stride"), padding = site.integers("padding"),
       dilation = site.integers("dilation"), ceil = site.flag("ceil")](const Inputs& inputs) {
        switch (kernel.size()) {
          case 1:
            return at::max_pool1d(inputs[0], kernel, stride, padding, dilation, ceil);
          case 2:
            return at::max_pool2d(inputs[0], kernel, stride, padding, dilation, ceil);
          default:
            return at::max_pool3d(inputs[0], kernel, stride, padding, dilation, ceil);
        }
      };
}

}  // namespace

Family pooling() {
  return {
      {"adaptive_average_pool", 1, adaptive_average_pool},
      {"adaptive_max_pool", 1, adaptive_max_pool},
      {"average_pool", 1, average_pool},
      {"max_pool", 1, max_pool},
  };
}

}  // namespace idn_torch::graph_kernels
