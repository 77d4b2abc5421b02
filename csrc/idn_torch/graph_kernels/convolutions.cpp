#include <ATen/ops/convolution.h>
#include <ATen/ops/zeros.h>

#include <vector>

#include "idn_torch/graph_kernels/packed_convolution.h"

namespace idn_torch::graph_kernels {
namespace {

// Of an input without elements whose padding alone makes an output: zeros and the bias.
at::Tensor of_padding(const idn::graph::Shape& shape, const Inputs& inputs) {
  const at::Tensor zeros = at::zeros(sizes_at(shape, inputs.batch()), inputs[0].options());
  if (!inputs[2].defined()) return zeros;
  std::vector<std::int64_t> channels(shape.size(), 1);
  channels[1] = -1;
  return zeros.add(inputs[2].view(channels));
}

Kernel plain_convolution(const ConvolutionSite& site) {
  return [stride = site.stride, padding = site.padding, dilation = site.dilation, groups = site.groups,
          activation = site.activation, none = std::vector<std::int64_t>(site.stride.size(), 0),
          shape = site.output](const Inputs& inputs) {
    at::Tensor output = inputs[0].numel() == 0 ? of_padding(shape, inputs)
                                               : at::convolution(inputs[0], inputs[1], given(inputs[2]),
                                                                 stride, padding, dilation,
                                                                 /*transposed=*/false, none, groups);
    if (inputs[3].defined()) output.add_(inputs[3]);
    if (activation == Activation::kRelu) output.relu_();
    return output;
  };
}

Kernel convolution(const Site& site) {
  const ConvolutionSite known(site);
  if (site.prepack()) {
    if (Kernel direct = direct_convolution(known)) return direct;
    if (Kernel mkldnn = mkldnn_convolution(known)) return mkldnn;
  }
  return plain_convolution(known);
}

Kernel transposed_convolution(const Site& site) {
  return [stride = site.integers("stride"), padding = site.integers("padding"),
          dilation = site.integers("dilation"), more = site.integers("output_padding"),
          groups = site.integer("groups")](const Inputs& inputs) {
    return at::convolution(inputs[0], inputs[1], given(inputs[2]), stride, padding, dilation,
                           /*transposed=*/true, more, groups);
  };
}

}  // namespace

ConvolutionSite::ConvolutionSite(const Site& site)
    : stride(site.integers("stride")),
      padding(site.integers("padding")),
      dilation(site.integers("dilation")),
      groups(site.integer("groups")),
      activation(site.activation()),
      input(site.shape(0)),
      output(site.output().shape),
      weight(site.constant(1)),
      bias(site.constant(2)),
      decided(weight.defined() && (bias.defined() || !site.has(2))) {}

Family convolutions() {
  return {{"convolution", 1, convolution}, {"transposed_convolution", 1, transposed_convolution}};
}

}  // namespace idn_torch::graph_kernels
