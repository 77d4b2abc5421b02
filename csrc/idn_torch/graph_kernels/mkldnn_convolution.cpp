#include <ATen/Context.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string_view>

#include "idn_torch/graph_kernels/packed_convolution.h"

namespace idn_torch::graph_kernels {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using OptionalTensor = std::optional<at::Tensor>;
using OptionalText = std::optional<std::string_view>;

using Reorder = at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, std::int64_t,
                           at::OptionalIntArrayRef);
using Unary = at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, at::IntArrayRef,
                         at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view, Scalars,
                         OptionalText);
using Binary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const OptionalTensor&,
                          at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view,
                          std::optional<at::Scalar>, OptionalText, Scalars, OptionalText);

template <class Signature>
std::optional<c10::TypedOperatorHandle<Signature>> torch_operator(const char* name, const char* overload) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!found) return std::nullopt;
  return found->typed<Signature>();
}

// The operators that torch's own compiler uses; not declared in its headers, and absent from builds without
// oneDNN.
struct Operators {
  std::optional<c10::TypedOperatorHandle<Reorder>> reorder =
      torch_operator<Reorder>("mkldnn::_reorder_convolution_weight", "");
  std::optional<c10::TypedOperatorHandle<Unary>> unary =
      torch_operator<Unary>("mkldnn::_convolution_pointwise", "");
  std::optional<c10::TypedOperatorHandle<Binary>> binary =
      torch_operator<Binary>("mkldnn::_convolution_pointwise", "binary");
};

const Operators& operators() {
  static const Operators kOperators;
  return kOperators;
}

// Weights are laid out for this many samples; another number may cost a second layout at each call, no error.
constexpr std::int64_t kLikelyBatch = 1;

bool is_for_mkldnn(const ConvolutionSite& site) {
  return site.decided && site.weight.is_cpu() && site.weight.scalar_type() == at::kFloat &&
         site.weight.dim() == 4 && site.input[2].fixed > 0 && site.input[3].fixed > 0 && at::hasMKLDNN() &&
         at::globalContext().userEnabledMkldnn() && operators().reorder && operators().unary &&
         operators().binary;
}

}  // namespace

Kernel mkldnn_convolution(const ConvolutionSite& site) {
  if (!is_for_mkldnn(site)) return {};
  const OptionalTensor bias = site.bias.defined() ? OptionalTensor(site.bias) : std::nullopt;
  const at::Tensor weight =
      operators().reorder->call(site.weight.contiguous(), site.padding, site.stride, site.dilation,
                                site.groups, sizes_at(site.input, kLikelyBatch));
  const bool relu = site.activation == Activation::kRelu;
  return [weight, bias, relu, stride = site.stride, padding = site.padding, dilation = site.dilation,
          groups = site.groups](const Inputs& inputs) {
    if (inputs[3].defined()) {
      return operators().binary->call(inputs[0], inputs[3].contiguous(at::MemoryFormat::ChannelsLast), weight,
                                      bias, padding, stride, dilation, groups, "add", at::Scalar(1.0),
                                      relu ? OptionalText("relu") : std::nullopt, Scalars(), std::nullopt);
    }
    return operators().unary->call(inputs[0], weight, bias, padding, stride, dilation, groups,
                                   relu ? "relu" : "none", Scalars(), OptionalText(""));
  };
}

}  // namespace idn_torch::graph_kernels
