#include "idn_torch/operators/joint_loss.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>

namespace idn_torch {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void check_arguments(at::TensorList logits, at::TensorList targets, at::ArrayRef<double> weights) {
  TORCH_CHECK_VALUE(!logits.empty(),
                    "joint_loss: logits is empty; pass one tensor (batch, classes) per exit.");
  TORCH_CHECK_VALUE(targets.size() == 1 || targets.size() == logits.size(), "joint_loss: ", targets.size(),
                    " targets for ", logits.size(), " exits; pass one tensor for all or one per exit.");
  TORCH_CHECK_VALUE(weights.size() == logits.size(), "joint_loss: ", weights.size(), " weights for ",
                    logits.size(), " exits; pass one weight per exit.");
  for (std::size_t n = 0; n < weights.size(); ++n) {
    TORCH_CHECK_VALUE(std::isfinite(weights[n]) && weights[n] >= 0.0, "joint_loss: weight of exit ", n + 1,
                      " is ", weights[n], ", expected a finite number >= 0.");
  }
  for (std::size_t n = 0; n < logits.size(); ++n) {
    const at::Tensor& z = logits[n];
    TORCH_CHECK_VALUE(z.dim() == 2 && z.sym_size(1) > 0, "joint_loss: logits of exit ", n + 1, " have shape ",
                      z.sym_sizes(), ", expected (batch, classes).");
    TORCH_CHECK_VALUE(at::isFloatingType(z.scalar_type()), "joint_loss: logits of exit ", n + 1, " are ",
                      z.scalar_type(), ", expected a floating-point type.");
    TORCH_CHECK_VALUE(z.sym_size(0) == logits[0].sym_size(0) && z.scalar_type() == logits[0].scalar_type() &&
                          z.device() == logits[0].device(),
                      "joint_loss: logits of exit ", n + 1, " (", z.sym_sizes(), ", ", z.scalar_type(), ", ",
                      z.device(), ") differ from exit 1's in batch size, type or device (",
                      logits[0].sym_sizes(), ", ", logits[0].scalar_type(), ", ", logits[0].device(), ").");
  }
  for (std::size_t n = 0; n < targets.size(); ++n) {
    const at::Tensor& target = targets[n];
    TORCH_CHECK_VALUE(target.scalar_type() == at::kLong, "joint_loss: target is ", target.scalar_type(),
                      ", expected int64; use target.long().");
    TORCH_CHECK_VALUE(target.dim() == 1 && target.sym_size(0) == logits[0].sym_size(0),
                      "joint_loss: target has shape ", target.sym_sizes(), ", expected (",
                      logits[0].sym_size(0), ",) as the logits have that batch size.");
    TORCH_CHECK_VALUE(target.device() == logits[0].device(), "joint_loss: target is on ", target.device(),
                      " and logits are on ", logits[0].device(), "; move one of them.");
  }
}

JointLossForward call_forward(at::TensorList logits, at::TensorList targets, at::ArrayRef<double> weights,
                              std::int64_t ignore_index, bool divide_by_classes) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("idn::joint_loss_forward", "")
                             .typed<JointLossForward(at::TensorList, at::TensorList, at::ArrayRef<double>,
                                                     std::int64_t, bool)>();
  return op.call(logits, targets, weights, ignore_index, divide_by_classes);
}

std::vector<at::Tensor> call_backward(const at::Tensor& gradient, at::TensorList logits,
                                      at::TensorList targets, const at::Tensor& row_statistics,
                                      const at::Tensor& factor, std::int64_t ignore_index) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("idn::joint_loss_backward", "")
          .typed<std::vector<at::Tensor>(const at::Tensor&, at::TensorList, at::TensorList, const at::Tensor&,
                                         const at::Tensor&, std::int64_t)>();
  return op.call(gradient, logits, targets, row_statistics, factor, ignore_index);
}

struct JointLossFunction : torch::autograd::Function<JointLossFunction> {
  static at::Tensor forward(AutogradContext* context, at::TensorList logits, at::TensorList targets,
                            at::ArrayRef<double> weights, std::int64_t ignore_index, bool divide_by_classes) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    auto [loss, row_statistics, factor] =
        call_forward(logits, targets, weights, ignore_index, divide_by_classes);
    variable_list saved(logits.begin(), logits.end());
    saved.insert(saved.end(), targets.begin(), targets.end());
    saved.push_back(row_statistics);
    saved.push_back(factor);
    context->save_for_backward(std::move(saved));
    context->saved_data["exits"] = static_cast<std::int64_t>(logits.size());
    context->saved_data["ignore_index"] = ignore_index;
    return loss;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const auto exits = static_cast<std::size_t>(context->saved_data["exits"].toInt());
    const std::size_t targets = saved.size() - exits - 2;
    const at::TensorList all(saved);
    variable_list result =
        call_backward(gradients[0], all.slice(0, exits), all.slice(exits, targets), saved[exits + targets],
                      saved[exits + targets + 1], context->saved_data["ignore_index"].toInt());
    // Targets, weights and the two options have no gradient.
    result.resize(exits + targets + 3);
    return result;
  }
};

// Without this the second derivative would be taken for zero, silently.
struct JointLossBackward : torch::autograd::Function<JointLossBackward> {
  static variable_list forward(AutogradContext* /*context*/, const at::Tensor& gradient,
                               at::TensorList logits, at::TensorList targets,
                               const at::Tensor& row_statistics, const at::Tensor& factor,
                               std::int64_t ignore_index) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    return call_backward(gradient, logits, targets, row_statistics, factor, ignore_index);
  }

  static variable_list backward(AutogradContext* /*context*/, const variable_list& /*gradients*/) {
    TORCH_CHECK_NOT_IMPLEMENTED(false,
                                "joint_loss is differentiable once only: for second derivatives, sum "
                                "torch.nn.functional.cross_entropy over the exits instead.");
  }
};

std::vector<at::Tensor> joint_loss_backward_autograd(const at::Tensor& gradient, at::TensorList logits,
                                                     at::TensorList targets, const at::Tensor& row_statistics,
                                                     const at::Tensor& factor, std::int64_t ignore_index) {
  return JointLossBackward::apply(gradient, logits, targets, row_statistics, factor, ignore_index);
}

at::Tensor joint_loss_autograd(at::TensorList logits, at::TensorList targets, at::ArrayRef<double> weights,
                               std::int64_t ignore_index, bool divide_by_classes) {
  check_arguments(logits, targets, weights);
  return JointLossFunction::apply(logits, targets, weights, ignore_index, divide_by_classes);
}

at::Tensor joint_loss_value(at::TensorList logits, at::TensorList targets, at::ArrayRef<double> weights,
                            std::int64_t ignore_index, bool divide_by_classes) {
  check_arguments(logits, targets, weights);
  return std::get<0>(call_forward(logits, targets, weights, ignore_index, divide_by_classes));
}

// Shapes alone, for torch.compile and torch.export.
JointLossForward joint_loss_forward_meta(at::TensorList logits, at::TensorList /*targets*/,
                                         at::ArrayRef<double> /*weights*/, std::int64_t /*ignore_index*/,
                                         bool /*divide_by_classes*/) {
  const at::Tensor& z = logits[0];
  const at::ScalarType type =
      z.scalar_type() == at::kHalf || z.scalar_type() == at::kBFloat16 ? at::kFloat : z.scalar_type();
  const auto exits = static_cast<std::int64_t>(logits.size());
  const auto options = z.options().dtype(type);
  return {z.new_empty_symint(c10::SymIntArrayRef{}, options),
          z.new_empty_symint({c10::SymInt(exits), c10::SymInt(2), z.sym_size(0)}, options),
          z.new_empty_symint({c10::SymInt(exits)}, options)};
}

std::vector<at::Tensor> joint_loss_backward_meta(const at::Tensor& /*gradient*/, at::TensorList logits,
                                                 at::TensorList /*targets*/,
                                                 const at::Tensor& /*row_statistics*/,
                                                 const at::Tensor& /*factor*/,
                                                 std::int64_t /*ignore_index*/) {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& z : logits) gradients.push_back(at::empty_like(z, at::MemoryFormat::Contiguous));
  return gradients;
}

}  // namespace

at::Tensor joint_loss(const std::vector<at::Tensor>& logits, const std::vector<at::Tensor>& targets,
                      const std::vector<double>& weights, std::int64_t ignore_index, bool divide_by_classes) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("idn::joint_loss", "")
          .typed<at::Tensor(at::TensorList, at::TensorList, at::ArrayRef<double>, std::int64_t, bool)>();
  return op.call(logits, targets, weights, ignore_index, divide_by_classes);
}

TORCH_LIBRARY_FRAGMENT(idn, library) {
  library.def(
      "joint_loss(Tensor[] logits, Tensor[] targets, float[] weights, int ignore_index=-1, "
      "bool divide_by_classes=False) -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.def(
      "joint_loss_forward(Tensor[] logits, Tensor[] targets, float[] weights, int ignore_index, "
      "bool divide_by_classes) -> (Tensor, Tensor, Tensor)",
      {at::Tag::pt2_compliant_tag});
  library.def(
      "joint_loss_backward(Tensor gradient, Tensor[] logits, Tensor[] targets, Tensor row_statistics, Tensor "
      "factor, "
      "int ignore_index) -> Tensor[]",
      {at::Tag::pt2_compliant_tag});
}

TORCH_LIBRARY_IMPL(idn, Autograd, library) {
  library.impl("joint_loss", joint_loss_autograd);
  library.impl("joint_loss_backward", joint_loss_backward_autograd);
}

TORCH_LIBRARY_IMPL(idn, CompositeExplicitAutograd, library) {
  library.impl("joint_loss", joint_loss_value);
  library.impl("joint_loss_forward", joint_loss_forward_aten);
  library.impl("joint_loss_backward", joint_loss_backward_aten);
}

TORCH_LIBRARY_IMPL(idn, CPU, library) {
  library.impl("joint_loss_forward", joint_loss_forward_cpu);
  library.impl("joint_loss_backward", joint_loss_backward_cpu);
}

TORCH_LIBRARY_IMPL(idn, Meta, library) {
  library.impl("joint_loss_forward", joint_loss_forward_meta);
  library.impl("joint_loss_backward", joint_loss_backward_meta);
}

}  // namespace idn_torch
