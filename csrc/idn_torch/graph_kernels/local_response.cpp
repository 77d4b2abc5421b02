#include "idn_torch/graph_kernels/local_response.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/div.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <vector>

#ifdef __x86_64__
#define IDN_TARGET_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define IDN_TARGET_CLONES
#endif

namespace idn_torch::graph_kernels {
namespace {

// The channels around one that count, and what their squares are multiplied by.
struct Window {
  std::int64_t before;
  std::int64_t after;
  float factor;
  float k;
};

// Positions are worked on in blocks that stay in the nearest cache with their neighbouring channels.
constexpr std::int64_t kBlock = 512;

// k + factor * the sum of squares over the channels from first to last, for each of n positions.
IDN_TARGET_CLONES void bases(const float* input, std::int64_t first, std::int64_t last,
                             std::int64_t positions, std::int64_t n, const Window& window,
                             float* __restrict__ out) {
  for (std::int64_t p = 0; p < n; ++p) out[p] = 0.0F;
  for (std::int64_t channel = first; channel <= last; ++channel) {
    const float* const row = input + channel * positions;
    for (std::int64_t p = 0; p < n; ++p) out[p] += row[p] * row[p];
  }
  for (std::int64_t p = 0; p < n; ++p) out[p] = window.k + window.factor * out[p];
}

// out = input / out^(3/4), for the exponent of nearly every network: two square roots and a division.
IDN_TARGET_CLONES void divide_by_three_quarters(const float* __restrict__ input, float* __restrict__ out,
                                                std::int64_t n) {
  for (std::int64_t p = 0; p < n; ++p) {
    const float root = std::sqrt(out[p]);
    out[p] = input[p] / (root * std::sqrt(root));
  }
}

void local_response_floats(const float* input, std::int64_t channels, std::int64_t positions,
                           const Window& window, bool three_quarters, float* out) {
  for (std::int64_t start = 0; start < positions; start += kBlock) {
    const std::int64_t n = std::min(kBlock, positions - start);
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const std::int64_t first = std::max<std::int64_t>(0, channel - window.before);
      const std::int64_t last = std::min(channels - 1, channel + window.after);
      const std::int64_t at = channel * positions + start;
      bases(input + start, first, last, positions, n, window, out + at);
      if (three_quarters) divide_by_three_quarters(input + at, out + at, n);
    }
  }
}

at::Tensor on_cpu(const at::Tensor& given, const Window& window, double beta) {
  const at::Tensor input = given.contiguous();
  at::Tensor out = at::empty_like(input);
  const bool three_quarters = beta == 0.75;
  const std::int64_t channels = input.size(1);
  const std::int64_t positions = input.numel() / (input.size(0) * channels);
  for (std::int64_t sample = 0; sample < input.size(0); ++sample) {
    const std::int64_t at = sample * channels * positions;
    local_response_floats(input.const_data_ptr<float>() + at, channels, positions, window, three_quarters,
                          out.mutable_data_ptr<float>() + at);
  }
  return three_quarters ? out : at::div(input, out.pow_(beta));
}

at::Tensor composed(const at::Tensor& input, const Window& window, double beta) {
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
  const Window window{std::min(size / 2, most), std::min((size - 1) / 2, most),
                      static_cast<float>(alpha / static_cast<double>(size)), static_cast<float>(k)};
  const bool floats = input.is_cpu() && input.scalar_type() == at::kFloat;
  return floats ? on_cpu(input, window, beta) : composed(input, window, beta);
}

}  // namespace idn_torch::graph_kernels
