#include "idn_torch/kernels/local_response.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "idn_torch/kernels/target_clones.h"

namespace idn_torch::kernels {
namespace {

// Positions are worked on in blocks that stay in the nearest cache with their neighbouring channels.
constexpr std::int64_t kBlock = 512;

IDN_TARGET_CLONES
void add_squares(const float* __restrict__ values, std::int64_t n, float* __restrict__ sums) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] += values[i] * values[i];
}

IDN_TARGET_CLONES
void square(const float* __restrict__ values, std::int64_t n, float* __restrict__ squares) {
  for (std::int64_t i = 0; i < n; ++i) squares[i] = values[i] * values[i];
}

IDN_TARGET_CLONES
void add(const float* __restrict__ values, std::int64_t n, float* __restrict__ sums) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] += values[i];
}

IDN_TARGET_CLONES
void scale(float factor, float k, std::int64_t n, float* values) {
  for (std::int64_t i = 0; i < n; ++i) values[i] = k + factor * values[i];
}

}  // namespace

void local_response_bases(const float* image, std::int64_t channels, std::int64_t positions,
                          const LocalResponse& window, float* bases) {
  std::fill_n(bases, channels * positions, 0.0F);
  for (std::int64_t start = 0; start < positions; start += kBlock) {
    const std::int64_t n = std::min(kBlock, positions - start);
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      float* const to = bases + channel * positions + start;
      const std::int64_t last = std::min(channels - 1, channel + window.after);
      for (std::int64_t other = std::max<std::int64_t>(0, channel - window.before); other <= last; ++other)
        add_squares(image + other * positions + start, n, to);
      scale(window.factor, window.k, n, to);
    }
  }
}

void local_response_bases_by_pixel(const float* image, std::int64_t channels, std::int64_t positions,
                                   const LocalResponse& window, float* bases) {
  // The squares of a pixel with zeros on both sides, so that every channel has a whole window.
  std::vector<float> squares(static_cast<std::size_t>(window.before + channels + window.after), 0.0F);
  std::fill_n(bases, channels * positions, 0.0F);
  for (std::int64_t position = 0; position < positions; ++position) {
    float* const to = bases + position * channels;
    square(image + position * channels, channels, squares.data() + window.before);
    for (std::int64_t shift = 0; shift <= window.before + window.after; ++shift)
      add(squares.data() + shift, channels, to);
  }
  scale(window.factor, window.k, channels * positions, bases);
}

IDN_TARGET_CLONES
void divide_by_three_quarters(const float* __restrict__ values, std::int64_t n, float* __restrict__ bases) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float root = std::sqrt(bases[i]);
    bases[i] = values[i] / (root * std::sqrt(root));
  }
}

}  // namespace idn_torch::kernels
