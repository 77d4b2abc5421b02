// The same computation from ATen's operators: what runs on CUDA and every other device.

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "idn_torch/operators/joint_loss.h"

namespace idn_torch {
namespace {

at::ScalarType accumulation_type(const at::Tensor& logits) {
  const at::ScalarType type = logits.scalar_type();
  return type == at::kHalf || type == at::kBFloat16 ? at::kFloat : type;
}

}  // namespace

JointLossForward joint_loss_forward_aten(at::TensorList logits, at::TensorList targets,
                                         at::ArrayRef<double> weights, std::int64_t ignore_index,
                                         bool divide_by_classes) {
  const at::ScalarType type = accumulation_type(logits[0]);
  std::vector<at::Tensor> row_statistics, factor;
  at::Tensor loss = at::zeros({}, logits[0].options().dtype(type));
  for (std::size_t n = 0; n < logits.size(); ++n) {
    const at::Tensor z = logits[n].to(type);
    const at::Tensor& target = target_of(targets, n);
    const at::Tensor kept = target.ne(ignore_index);
    const at::Tensor safe_target = at::where(kept, target, at::zeros_like(target));
    const at::Tensor maximum = z.amax(1);
    const at::Tensor log_sum = (z - maximum.unsqueeze(1)).exp().sum(1).log();
    const at::Tensor picked = z.gather(1, safe_target.unsqueeze(1)).squeeze(1);
    const at::Tensor losses = at::where(kept, (maximum - picked) + log_sum, at::zeros_like(log_sum));
    // One in place of a count of zero avoids the division; the factor is then set to 0, as promised.
    const double scale = divide_by_classes ? weights[n] / static_cast<double>(z.size(1)) : weights[n];
    const at::Tensor counted = kept.sum().clamp_min(1).to(type);
    factor.push_back(scale / counted * kept.any().to(type));
    loss = loss + losses.sum() * factor.back();
    row_statistics.push_back(at::stack({maximum, log_sum}));
  }
  return {loss, at::stack(row_statistics), at::stack(factor)};
}

std::vector<at::Tensor> joint_loss_backward_aten(const at::Tensor& gradient, at::TensorList logits,
                                                 at::TensorList targets, const at::Tensor& row_statistics,
                                                 const at::Tensor& factor, std::int64_t ignore_index) {
  std::vector<at::Tensor> gradients;
  gradients.reserve(logits.size());
  for (std::size_t n = 0; n < logits.size(); ++n) {
    const auto exit = static_cast<std::int64_t>(n);
    const at::Tensor& target = target_of(targets, n);
    const at::Tensor kept = target.ne(ignore_index);
    const at::Tensor safe_target = at::where(kept, target, at::zeros_like(target)).unsqueeze(1);
    at::Tensor probability =
        ((logits[n].to(row_statistics.scalar_type()) - row_statistics[exit][0].unsqueeze(1)) -
         row_statistics[exit][1].unsqueeze(1))
            .exp();
    probability =
        probability.scatter_add(1, safe_target, at::full(safe_target.sizes(), -1.0, probability.options()));
    const at::Tensor scaled = probability * (gradient * factor[exit]);
    gradients.push_back(
        at::where(kept.unsqueeze(1), scaled, at::zeros_like(scaled)).to(logits[n].scalar_type()));
  }
  return gradients;
}

}  // namespace idn_torch
