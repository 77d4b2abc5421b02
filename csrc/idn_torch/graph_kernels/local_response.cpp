#include "idn_torch/graph_kernels/local_response.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/div.h>

#include <algorithm>

#include "idn_torch/kept_memory.h"
#include "idn_torch/kernels/local_response.h"

namespace idn_torch::graph_kernels {
namespace {

using kernels::LocalResponse;

constexpr double kThreeQuarters = 0.75;

bool lies_by_pixel(const at::Tensor& input) {
  return input.dim() == 4 && input.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor on_cpu(const at::Tensor& given, const LocalResponse& window, double beta) {
  const bool by_pixel = lies_by_pixel(given);
  const at::Tensor input = by_pixel ? given : given.contiguous();
  at::Tensor out = empty_in_kept_memory(
      input.sizes(), by_pixel ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  const auto bases = by_pixel ? kernels::local_response_bases_by_pixel : kernels::local_response_bases;
  const std::int64_t channels = input.size(1);
  const std::int64_t of_sample = input.numel() / input.size(0);
  const float* const from = input.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  for (std::int64_t at = 0; at < input.numel(); at += of_sample)
    bases(from + at, channels, of_sample / channels, window, to + at);
  if (beta != kThreeQuarters) return at::div(input, out.pow_(beta));
  kernels::divide_by_three_quarters(from, input.numel(), to);
  return out;
}

at::Tensor composed(const at::Tensor& input, const LocalResponse& window, double beta) {
  const std::int64_t size = window.before + 1 + window.after;
  const at::Tensor squares = input.mul(input).reshape({input.size(0), 1, input.size(1), -1});
  const at::Tensor padded = at::constant_pad_nd(squares, {0, 0, window.before, window.after});
  const at::Tensor means = at::avg_pool2d(padded, {size, 1}, {1, 1});
  const at::Tensor base = means.mul(window.factor * static_cast<float>(size)).add(window.k);
  return input.div(base.pow(beta).reshape(input.sizes()));
}

}  // namespace

at::Tensor local_response(const at::Tensor& input, std::int64_t size, double alpha, double beta, double k) {
  // A window that reaches beyond all channels holds no more than all of them.
  const std::int64_t most = input.size(1) - 1;
  const LocalResponse window{std::min(size / 2, most), std::min((size - 1) / 2, most),
                             static_cast<float>(alpha / static_cast<double>(size)), static_cast<float>(k)};
  const at::Tensor floats = input.to(at::kFloat);
  const at::Tensor output = input.is_cpu() ? on_cpu(floats, window, beta) : composed(floats, window, beta);
  return output.to(input.scalar_type());
}

}  // namespace idn_torch::graph_kernels
