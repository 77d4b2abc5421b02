#pragma once

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {

/// What is known of a convolution when it is loaded.
struct ConvolutionSite {
  explicit ConvolutionSite(const Site& site);

  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> padding;
  std::vector<std::int64_t> dilation;
  std::int64_t groups = 1;
  Activation activation = Activation::kNone;
  idn::graph::Shape input;
  idn::graph::Shape output;
  at::Tensor weight;     ///< empty unless constant
  at::Tensor bias;       ///< empty unless constant or left out
  bool decided = false;  ///< weight and bias are constant, or there is no bias
};

/// A kernel of ours with the weights laid out for it; empty where there is none for this convolution or
/// processor. Two-dimensional float32 on the CPU, without groups, with weights that stay in the cache.
Kernel direct_convolution(const ConvolutionSite& site);

/// oneDNN's kernel with the weights laid out for it; empty where it can't be asked.
Kernel mkldnn_convolution(const ConvolutionSite& site);

}  // namespace idn_torch::graph_kernels
