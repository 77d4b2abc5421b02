#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>
#include <vector>

namespace idn_torch {

/// The joint loss of a network's exits (dissertation, section 3.2): the weighted sum of each exit's mean
/// softmax cross-entropy over the samples whose target is not ignored.
///
/// logits: N tensors of shape (batch, classes of that exit). targets: one or N int64 tensors of shape
/// (batch). weights: N numbers. Returns a scalar, in float32 for half-precision logits and in the logits'
/// type otherwise. An exit all of whose targets are ignored contributes 0. Registered as
/// torch.ops.idn.joint_loss.
at::Tensor joint_loss(const std::vector<at::Tensor>& logits, const std::vector<at::Tensor>& targets,
                      const std::vector<double>& weights, std::int64_t ignore_index, bool divide_by_classes);

/// The loss, and what the backward pass needs: each row's maximum and the logarithm of its sum of
/// exponentials less that maximum (N, 2, batch), and each exit's factor (N). Kept apart, since their sum
/// would lose the digits of the second where all logits of a row share a large offset.
using JointLossForward = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

/// The targets of an exit: its own, or those that all exits share.
inline const at::Tensor& target_of(at::TensorList targets, std::size_t exit) {
  return targets[targets.size() == 1 ? 0 : exit];
}

/// The fused CPU kernel, and the same computation from ATen's operators for every other device.
JointLossForward joint_loss_forward_cpu(at::TensorList logits, at::TensorList targets,
                                        at::ArrayRef<double> weights, std::int64_t ignore_index,
                                        bool divide_by_classes);
JointLossForward joint_loss_forward_aten(at::TensorList logits, at::TensorList targets,
                                         at::ArrayRef<double> weights, std::int64_t ignore_index,
                                         bool divide_by_classes);

/// The gradient with respect to each exit's logits, given the gradient of the loss.
std::vector<at::Tensor> joint_loss_backward_cpu(const at::Tensor& gradient, at::TensorList logits,
                                                at::TensorList targets, const at::Tensor& row_statistics,
                                                const at::Tensor& factor, std::int64_t ignore_index);
std::vector<at::Tensor> joint_loss_backward_aten(const at::Tensor& gradient, at::TensorList logits,
                                                 at::TensorList targets, const at::Tensor& row_statistics,
                                                 const at::Tensor& factor, std::int64_t ignore_index);

}  // namespace idn_torch
