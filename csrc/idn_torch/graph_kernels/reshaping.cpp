#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/pixel_shuffle.h>

#include <vector>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel expand(const Site& site) {
  return [shape = site.dimensions("shape")](const Inputs& inputs) {
    return inputs[0].expand(sizes_at(shape, inputs.batch()));
  };
}

Kernel flip(const Site& site) {
  return [axes = site.integers("axes")](const Inputs& inputs) { return at::flip(inputs[0], axes); };
}

// Torch counts the axes from the last one.
Kernel pad(const Site& site) {
  const auto& amounts = site.integers("amounts");
  std::vector<std::int64_t> reversed;
  for (std::size_t axis = amounts.size() / 2; axis-- > 0;) {
    reversed.push_back(amounts[2 * axis]);
    reversed.push_back(amounts[2 * axis + 1]);
  }
  return [reversed = std::move(reversed), value = site.scalar("value")](const Inputs& inputs) {
    return at::constant_pad_nd(inputs[0], reversed, value);
  };
}

Kernel permute(const Site& site) {
  return [order = site.integers("order")](const Inputs& inputs) { return inputs[0].permute(order); };
}

Kernel pixel_shuffle(const Site& site) {
  return [factor = site.integer("factor")](const Inputs& inputs) {
    return at::pixel_shuffle(inputs[0], factor);
  };
}

Kernel reshape(const Site& site) {
  return [shape = site.dimensions("shape")](const Inputs& inputs) {
    return inputs[0].reshape(sizes_at(shape, inputs.batch()));
  };
}

Kernel tile(const Site& site) {
  return [times = site.integers("times")](const Inputs& inputs) { return inputs[0].repeat(times); };
}

}  // namespace

Family reshaping() {
  return {
      {"expand", 1, expand, /*gives_view=*/true},
      {"flip", 1, flip},
      {"pad", 1, pad, /*gives_view=*/true},
      {"permute", 1, permute, /*gives_view=*/true},
      {"pixel_shuffle", 1, pixel_shuffle, /*gives_view=*/true},
      {"reshape", 1, reshape, /*gives_view=*/true},
      {"tile", 1, tile, /*gives_view=*/true},
  };
}

}  // namespace idn_torch::graph_kernels
