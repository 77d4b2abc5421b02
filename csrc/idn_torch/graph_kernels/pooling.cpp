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
#include <vector>

#include "idn_torch/graph_kernels/graph_kernel.h"
#include "idn_torch/kept_memory.h"
#include "idn_torch/kernels/max_pool.h"

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

// On the CPU torch averages windows of three dimensions for float32 and float64 alone.
at::Tensor widened(const at::Tensor& input) { return input.is_cpu() ? input.to(at::kFloat) : input; }

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
            return at::avg_pool3d(widened(inputs[0]), kernel, stride, padding, ceil, counted)
                .to(inputs[0].scalar_type());
        }
      };
}

// Torch finds the places of the greatest too, which nobody asks for here.
at::Tensor max_pool_by_pixel(const at::Tensor& input, kernels::MaxPoolShape shape) {
  const std::int64_t batch = input.size(0);
  at::Tensor output = empty_in_kept_memory({batch, shape.channels, shape.output_height, shape.output_width},
                                           at::MemoryFormat::ChannelsLast);
  std::vector<float> scratch(static_cast<std::size_t>(kernels::max_pool_scratch(shape)));
  const float* from = input.const_data_ptr<float>();
  auto* to = output.mutable_data_ptr<float>();
  for (std::int64_t sample = 0; sample < batch; ++sample) {
    kernels::max_pool_by_pixel(from + sample * (input.numel() / batch), shape, scratch.data(),
                               to + sample * (output.numel() / batch));
  }
  return output;
}

// Ours makes room for all that the last window looks at; where that is mostly beyond the image, torch is
// asked.
bool looks_little_beyond(const kernels::MaxPoolShape& shape) {
  const std::int64_t looked_at =
      (shape.output_width - 1) * shape.stride_width + (shape.kernel_width - 1) * shape.dilation_width;
  return looked_at <= 2 * (shape.width + 2 * shape.padding_width);
}

Kernel max_pool_in_two_dimensions(const Site& site) {
  const auto& kernel = site.integers("kernel");
  const auto& stride = site.integers("stride");
  const auto& padding = site.integers("padding");
  const auto& dilation = site.integers("dilation");
  const idn::graph::Shape& input = site.shape(0);
  const idn::graph::Shape& output = site.output().shape;
  const kernels::MaxPoolShape shape{.channels = input[1].fixed,
                                    .height = input[2].fixed,
                                    .width = input[3].fixed,
                                    .output_height = output[2].fixed,
                                    .output_width = output[3].fixed,
                                    .kernel_height = kernel[0],
                                    .kernel_width = kernel[1],
                                    .stride_height = stride[0],
                                    .stride_width = stride[1],
                                    .padding_height = padding[0],
                                    .padding_width = padding[1],
                                    .dilation_height = dilation[0],
                                    .dilation_width = dilation[1],
                                    .relu = site.activation() == Activation::kRelu};
  const bool for_ours = site.type(0).dtype == idn::graph::DType::kFloat32 && looks_little_beyond(shape);
  return
      [kernel, stride, padding, dilation, ceil = site.flag("ceil"), for_ours, shape](const Inputs& inputs) {
        if (for_ours && inputs[0].is_cpu() && inputs[0].is_contiguous(at::MemoryFormat::ChannelsLast))
          return max_pool_by_pixel(inputs[0], shape);
        at::Tensor greatest = at::max_pool2d(inputs[0], kernel, stride, padding, dilation, ceil);
        return shape.relu ? greatest.relu_() : greatest;
      };
}

Kernel max_pool(const Site& site) {
  if (site.integers("kernel").size() == 2) return max_pool_in_two_dimensions(site);
  return
      [kernel = site.integers("kernel"), stride = site.integers("stride"), padding = site.integers("padding"),
       dilation = site.integers("dilation"), ceil = site.flag("ceil")](const Inputs& inputs) {
        return kernel.size() == 1 ? at::max_pool1d(inputs[0], kernel, stride, padding, dilation, ceil)
                                  : at::max_pool3d(inputs[0], kernel, stride, padding, dilation, ceil);
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
