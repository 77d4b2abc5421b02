#include "idn_torch/kernels/max_pool.h"

#include <algorithm>
#include <limits>

#include "idn_torch/kernels/target_clones.h"

namespace idn_torch::kernels {
namespace {

constexpr float kLeast = -std::numeric_limits<float>::infinity();

// Written so that a NaN is taken, and kept: nothing is greater than it.
inline float greater(float value, float greatest) {
  return value > greatest || value != value ? value : greatest;
}

// These two are always part of their caller, so that they are compiled for each instruction set that it is.
[[gnu::always_inline]] inline void keep_greater(const float* __restrict__ values, std::int64_t n,
                                                float* __restrict__ greatest) {
  for (std::int64_t i = 0; i < n; ++i) greatest[i] = greater(values[i], greatest[i]);
}

[[gnu::always_inline]] inline void greater_of(const float* __restrict__ a, const float* __restrict__ b,
                                              std::int64_t n, float* __restrict__ greatest) {
  for (std::int64_t i = 0; i < n; ++i) greatest[i] = greater(b[i], a[i]);
}

// Over the rows of a window: of each pixel of the image, and -infinity where a window has none.
IDN_TARGET_CLONES
void over_rows(const float* image, const MaxPoolShape& shape, std::int64_t y, float* row) {
  const std::int64_t n = shape.width * shape.channels;
  bool any = false;
  for (std::int64_t i = 0; i < shape.kernel_height; ++i) {
    const std::int64_t from = y * shape.stride_height - shape.padding_height + i * shape.dilation_height;
    if (from < 0 || from >= shape.height) continue;
    if (any) {
      keep_greater(image + from * n, n, row);
    } else {
      std::copy_n(image + from * n, n, row);
      any = true;
    }
  }
  if (!any) std::fill_n(row, n, kLeast);
}

// Over the columns, at every pixel, whatever the stride: of few channels, a pixel alone is no work for a
// vector.
IDN_TARGET_CLONES
void over_columns(const float* row, const MaxPoolShape& shape, float* every, float* output) {
  const std::int64_t channels = shape.channels;
  const std::int64_t tap = shape.dilation_width * channels;
  const std::int64_t n = ((shape.output_width - 1) * shape.stride_width + 1) * channels;
  float* const greatest = shape.stride_width == 1 ? output : every;
  greater_of(row, row + (shape.kernel_width > 1 ? tap : 0), n, greatest);
  for (std::int64_t j = 2; j < shape.kernel_width; ++j) keep_greater(row + j * tap, n, greatest);
  if (shape.stride_width == 1) return;
  const std::int64_t step = shape.stride_width * channels;
  for (std::int64_t x = 0; x < shape.output_width; ++x) {
    for (std::int64_t c = 0; c < channels; ++c) output[x * channels + c] = greatest[x * step + c];
  }
}

// Over the columns, pixel by pixel.
IDN_TARGET_CLONES
void over_columns_by_pixel(const float* row, const MaxPoolShape& shape, float* output) {
  const std::int64_t channels = shape.channels;
  const std::int64_t tap = shape.dilation_width * channels;
  for (std::int64_t x = 0; x < shape.output_width; ++x, output += channels) {
    const float* const from = row + x * shape.stride_width * channels;
    greater_of(from, from + (shape.kernel_width > 1 ? tap : 0), channels, output);
    for (std::int64_t j = 2; j < shape.kernel_width; ++j) keep_greater(from + j * tap, channels, output);
  }
}

IDN_TARGET_CLONES
void keep_above_zero(std::int64_t n, float* values) {
  for (std::int64_t i = 0; i < n; ++i) values[i] = greater(values[i], 0.0F);
}

// Of a row with its padding, as far as the last window looks.
std::int64_t padded_width(const MaxPoolShape& shape) {
  const std::int64_t looked_at =
      (shape.output_width - 1) * shape.stride_width + (shape.kernel_width - 1) * shape.dilation_width + 1;
  return std::max(looked_at, shape.padding_width + shape.width);
}

}  // namespace

std::int64_t max_pool_scratch(const MaxPoolShape& shape) { return 2 * padded_width(shape) * shape.channels; }

void max_pool_by_pixel(const float* image, const MaxPoolShape& shape, float* scratch, float* output) {
  constexpr std::int64_t kManyChannels = 16;
  const std::int64_t size = padded_width(shape) * shape.channels;
  float* const row = scratch;
  float* const every = scratch + size;
  std::fill_n(row, size, kLeast);
  const std::int64_t of_row = shape.output_width * shape.channels;
  for (std::int64_t y = 0; y < shape.output_height; ++y, output += of_row) {
    over_rows(image, shape, y, row + shape.padding_width * shape.channels);
    if (shape.channels < kManyChannels || shape.stride_width == 1) {
      over_columns(row, shape, every, output);
    } else {
      over_columns_by_pixel(row, shape, output);
    }
    if (shape.relu) keep_above_zero(of_row, output);
  }
}

}  // namespace idn_torch::kernels
