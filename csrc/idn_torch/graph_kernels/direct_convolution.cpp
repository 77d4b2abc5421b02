#include <algorithm>
#include <memory>

#include "idn_torch/graph_kernels/packed_convolution.h"
#include "idn_torch/kept_memory.h"
#include "idn_torch/kernels/convolution.h"

namespace idn_torch::graph_kernels {
namespace {

// Ours goes over all weights for each few rows; with more than fit the second cache, oneDNN's blocking wins.
constexpr std::int64_t kMostWeights = 1 << 18;

// Ours copies the image with its padding; a package may ask for much more of that than there is of the image.
bool has_little_padding(const ConvolutionSite& site) {
  constexpr std::int64_t kAlways = 1 << 16;
  const std::int64_t image = site.input[2].fixed * site.input[3].fixed;
  const std::int64_t height = site.input[2].fixed + 2 * site.padding[0];
  const std::int64_t width = site.input[3].fixed + 2 * site.padding[1];
  return height * width <= std::max(kAlways / site.weight.size(1), 4 * image);
}

bool is_for_ours(const ConvolutionSite& site) {
  return site.decided && site.weight.is_cpu() && site.weight.scalar_type() == at::kFloat &&
         site.weight.dim() == 4 && site.groups == 1 && site.weight.numel() <= kMostWeights &&
         site.input[2].fixed > 0 && site.input[3].fixed > 0 && has_little_padding(site) &&
         kernels::Convolution::lanes_here() > 0;
}

kernels::ConvolutionShape shape_of(const ConvolutionSite& site) {
  return {.channels_in = site.weight.size(1),
          .channels_out = site.weight.size(0),
          .height = site.input[2].fixed,
          .width = site.input[3].fixed,
          .kernel_height = site.weight.size(2),
          .kernel_width = site.weight.size(3),
          .stride_height = site.stride[0],
          .stride_width = site.stride[1],
          .padding_height = site.padding[0],
          .padding_width = site.padding[1],
          .dilation_height = site.dilation[0],
          .dilation_width = site.dilation[1]};
}

at::Tensor run(const kernels::Convolution& convolution, bool relu, const Inputs& inputs) {
  const kernels::ConvolutionShape& shape = convolution.shape();
  const at::Tensor& input = inputs[0];
  const std::int64_t batch = input.size(0);
  at::Tensor output =
      empty_in_kept_memory({batch, shape.channels_out, shape.output_height(), shape.output_width()},
                           at::MemoryFormat::ChannelsLast);
  const at::Tensor residual =
      inputs[3].defined() ? inputs[3].contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
  const float* const added = residual.defined() ? residual.const_data_ptr<float>() : nullptr;
  const std::int64_t of_sample = output.numel() / batch;
  kernels::ImageView image{input.const_data_ptr<float>(), input.stride(1), input.stride(2), input.stride(3)};
  const at::Tensor scratch =
      empty_in_kept_memory({convolution.scratch_size(image)}, at::MemoryFormat::Contiguous);
  auto* const room = scratch.mutable_data_ptr<float>();
  auto* const to = output.mutable_data_ptr<float>();
  for (std::int64_t sample = 0; sample < batch; ++sample, image.data += input.stride(0)) {
    const std::int64_t at = sample * of_sample;
    convolution(image, added == nullptr ? nullptr : added + at, relu, room, to + at);
  }
  return output;
}

}  // namespace

Kernel direct_convolution(const ConvolutionSite& site) {
  if (!is_for_ours(site)) return {};
  const at::Tensor weight = site.weight.contiguous();
  const at::Tensor bias = site.bias.defined() ? site.bias.contiguous() : at::Tensor();
  auto convolution =
      std::make_shared<const kernels::Convolution>(shape_of(site), weight.const_data_ptr<float>(),
                                                   bias.defined() ? bias.const_data_ptr<float>() : nullptr);
  const bool relu = site.activation == Activation::kRelu;
  return [convolution = std::move(convolution), relu](const Inputs& inputs) {
    return run(*convolution, relu, inputs);
  };
}

}  // namespace idn_torch::graph_kernels
