#pragma once

#include <cstdint>

namespace idn_torch::kernels {

/// What a two-dimensional max pooling is given.
struct MaxPoolShape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t output_height = 0;
  std::int64_t output_width = 0;
  std::int64_t kernel_height = 1;
  std::int64_t kernel_width = 1;
  std::int64_t stride_height = 1;
  std::int64_t stride_width = 1;
  std::int64_t padding_height = 0;
  std::int64_t padding_width = 0;
  std::int64_t dilation_height = 1;
  std::int64_t dilation_width = 1;
  bool relu = false;  ///< whether what is below zero becomes zero
};

/// How many floats of room `max_pool_by_pixel` asks for.
std::int64_t max_pool_scratch(const MaxPoolShape& shape);

/// The greatest of each window of an image of float32 that lies pixel by pixel, as does the output. A NaN is
/// greater than all; a window without an element is -infinity.
void max_pool_by_pixel(const float* image, const MaxPoolShape& shape, float* scratch, float* output);

}  // namespace idn_torch::kernels
