#include <ATen/ops/batch_norm.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rms_norm.h>

#include <vector>

#include "idn_torch/graph_kernels/graph_kernel.h"
#include "idn_torch/graph_kernels/local_response.h"

namespace idn_torch::graph_kernels {
namespace {

// The sizes of the last axes, as many as the attribute says.
std::vector<std::int64_t> normalized_sizes(const Site& site) {
  std::vector<std::int64_t> sizes = sizes_at(site.shape(0), 0);
  sizes.erase(sizes.begin(), sizes.end() - site.integer("axes"));
  return sizes;
}

Kernel batch_normalization(const Site& site) {
  return [epsilon = site.number("epsilon")](const Inputs& inputs) {
    return at::batch_norm(inputs[0], given(inputs[3]), given(inputs[4]), given(inputs[1]), given(inputs[2]),
                          /*training=*/false, /*momentum=*/0.0, epsilon, /*cudnn_enabled=*/true);
  };
}

Kernel group_normalization(const Site& site) {
  return [groups = site.integer("groups"), epsilon = site.number("epsilon")](const Inputs& inputs) {
    return at::group_norm(inputs[0], groups, given(inputs[1]), given(inputs[2]), epsilon);
  };
}

Kernel instance_normalization(const Site& site) {
  return [epsilon = site.number("epsilon")](const Inputs& inputs) {
    return at::instance_norm(inputs[0], given(inputs[1]), given(inputs[2]), std::nullopt, std::nullopt,
                             /*use_input_stats=*/true, /*momentum=*/0.0, epsilon, /*cudnn_enabled=*/true);
  };
}

Kernel layer_normalization(const Site& site) {
  return [sizes = normalized_sizes(site), epsilon = site.number("epsilon")](const Inputs& inputs) {
    return at::layer_norm(inputs[0], sizes, given(inputs[1]), given(inputs[2]), epsilon);
  };
}

Kernel local_response_normalization(const Site& site) {
  return [size = site.integer("size"), alpha = site.number("alpha"), beta = site.number("beta"),
          k = site.number("k")](const Inputs& inputs) {
    return local_response(inputs[0], size, alpha, beta, k);
  };
}

Kernel root_mean_square_normalization(const Site& site) {
  return [sizes = normalized_sizes(site), epsilon = site.number("epsilon")](const Inputs& inputs) {
    return at::rms_norm(inputs[0], sizes, given(inputs[1]), epsilon);
  };
}

}  // namespace

Family normalizations() {
  return {
      {"batch_normalization", 1, batch_normalization},
      {"group_normalization", 1, group_normalization},
      {"instance_normalization", 1, instance_normalization},
      {"layer_normalization", 1, layer_normalization},
      {"local_response_normalization", 1, local_response_normalization},
      {"root_mean_square_normalization", 1, root_mean_square_normalization},
  };
}

}  // namespace idn_torch::graph_kernels
