#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/prelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel elu(const Site& site) {
  return [alpha = site.scalar("alpha")](const Inputs& inputs) { return at::elu(inputs[0], alpha); };
}

Kernel gelu(const Site& site) {
  return [how = site.word("approximation")](const Inputs& inputs) { return at::gelu(inputs[0], how); };
}

Kernel leaky_relu(const Site& site) {
  return [slope = site.scalar("slope")](const Inputs& inputs) { return at::leaky_relu(inputs[0], slope); };
}

Kernel log_softmax(const Site& site) {
  return [axis = site.integer("axis")](const Inputs& inputs) {
    return at::_log_softmax(inputs[0], axis, /*half_to_float=*/false);
  };
}

Kernel softmax(const Site& site) {
  return [axis = site.integer("axis")](const Inputs& inputs) {
    return at::_softmax(inputs[0], axis, /*half_to_float=*/false);
  };
}

Kernel prelu(const Site& /*site*/) {
  return [](const Inputs& inputs) { return at::prelu(inputs[0], inputs[1]); };
}

Kernel softplus(const Site& site) {
  return [beta = site.scalar("beta"), threshold = site.scalar("threshold")](const Inputs& inputs) {
    return at::softplus(inputs[0], beta, threshold);
  };
}

}  // namespace

Family activations() {
  return {
      {"elu", 1, elu},
      {"gelu", 1, gelu},
      {"hardsigmoid", 1, each<at::hardsigmoid>},
      {"hardswish", 1, each<at::hardswish>},
      {"leaky_relu", 1, leaky_relu},
      {"log_softmax", 1, log_softmax},
      {"mish", 1, each<at::mish>},
      {"prelu", 1, prelu},
      {"relu", 1, each<at::relu>},
      {"sigmoid", 1, each<at::sigmoid>},
      {"silu", 1, each<at::silu>},
      {"softmax", 1, softmax},
      {"softplus", 1, softplus},
      {"tanh", 1, each<at::tanh>},
  };
}

}  // namespace idn_torch::graph_kernels
