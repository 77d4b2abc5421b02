#include <ATen/ops/eq.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/le.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/where.h>

#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

Kernel logical_not(const Site& /*site*/) {
  return [](const Inputs& inputs) { return at::logical_not(inputs[0]); };
}

Kernel select(const Site& /*site*/) {
  return [](const Inputs& inputs) { return at::where(inputs[0], inputs[1], inputs[2]); };
}

}  // namespace

Family comparisons() {
  return {
      {"equal", 1, pairwise<at::eq>},         {"greater", 1, pairwise<at::gt>},
      {"greater_equal", 1, pairwise<at::ge>}, {"less", 1, pairwise<at::lt>},
      {"less_equal", 1, pairwise<at::le>},    {"logical_and", 1, pairwise<at::logical_and>},
      {"logical_not", 1, logical_not},        {"logical_or", 1, pairwise<at::logical_or>},
      {"not_equal", 1, pairwise<at::ne>},     {"select", 1, select},
  };
}

}  // namespace idn_torch::graph_kernels
