#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/div.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/log.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/round.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/sub.h>

#include "idn_torch/graph_kernels/cast.h"
#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch::graph_kernels {
namespace {

at::Tensor plus(const at::Tensor& input, const at::Tensor& other) { return at::add(input, other); }
at::Tensor minus(const at::Tensor& input, const at::Tensor& other) { return at::sub(input, other); }

Kernel clamp(const Site& site) {
  return [least = site.scalar("least"), most = site.scalar("most")](const Inputs& inputs) {
    return at::clamp(inputs[0], least, most);
  };
}

Kernel cast(const Site& site) {
  return [type = scalar_type(site.output().dtype)](const Inputs& inputs) { return cast_to(inputs[0], type); };
}

}  // namespace

Family arithmetic() {
  return {
      {"absolute", 1, each<at::abs>},
      {"add", 1, pairwise<plus>},
      {"cast", 1, cast, /*gives_view=*/true},
      {"ceil", 1, each<at::ceil>},
      {"clamp", 1, clamp},
      {"cos", 1, each<at::cos>},
      {"divide", 1, pairwise<at::div>},
      {"erf", 1, each<at::erf>},
      {"exp", 1, each<at::exp>},
      {"floor", 1, each<at::floor>},
      {"log", 1, each<at::log>},
      {"maximum", 1, pairwise<at::maximum>},
      {"minimum", 1, pairwise<at::minimum>},
      {"multiply", 1, pairwise<at::mul>},
      {"negate", 1, each<at::neg>},
      {"power", 1, pairwise<at::pow>},
      {"reciprocal", 1, each<at::reciprocal>},
      {"round", 1, each<at::round>},
      {"rsqrt", 1, each<at::rsqrt>},
      {"sign", 1, each<at::sign>},
      {"sin", 1, each<at::sin>},
      {"sqrt", 1, each<at::sqrt>},
      {"subtract", 1, pairwise<minus>},
  };
}

}  // namespace idn_torch::graph_kernels
