#include "idn_torch/kernels/max_pool.h"

#include <algorithm>
#include <limits>

#include "idn_torch/kernels/target_clones.h"

namespace idn_torch::kernels {
namespace {

IDN_TARGET_CLONES
void keep_greater(const float* __restrict__ values, std::int64_t n, float* __restrict__ greatest) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = values[i];
    // Written so that a NaN is taken, and kept: nothing is greater than it.
    greatest[i] = value > greatest[i] || value != value ? value : greatest[i];
  }
}

}  // namespace

void max_pool_by_pixel(const float* image, const MaxPoolShape& shape, float* output) {
  const std::int64_t channels = shape.channels;
  std::fill_n(output, shape.output_height * shape.output_width * channels,
              -std::numeric_limits<float>::infinity());
  for (std::int64_t y = 0; y < shape.output_height; ++y) {
    for (std::int64_t x = 0; x < shape.output_width; ++x, output += channels) {
      for (std::int64_t i = 0; i < shape.kernel_height; ++i) {
        const std::int64_t row = y * shape.stride_height - shape.padding_height + i * shape.dilation_height;
        if (row < 0 || row >= shape.height) continue;
        for (std::int64_t j = 0; j < shape.kernel_width; ++j) {
          const std::int64_t column = x * shape.stride_width - shape.padding_width + j * shape.dilation_width;
          if (column < 0 || column >= shape.width) continue;
          keep_greater(image + (row * shape.width + column) * channels, channels, output);
        }
      }
    }
  }
}

}  // namespace idn_torch::kernels
