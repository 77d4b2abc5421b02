#pragma once

#include <cstdint>
#include <span>

namespace idn_torch::kernels {

/// Where a crop of an image's own size begins, which may lie outside the image, and whether it is then
/// mirrored left to right.
struct Crop {
  std::int64_t top;
  std::int64_t left;
  bool flip;
};

/// Writes the crop of one image (channels, height, width) as normalised numbers of the same shape: (value -
/// mean)
/// * inverse_std by channel, and 0 outside the image. `scratch` is memory for height * width bytes,
/// initialised by the caller once.
void crop_normalized(const std::uint8_t* image, std::span<const float> mean,
                     std::span<const float> inverse_std, std::int64_t height, std::int64_t width, Crop crop,
                     std::uint8_t* scratch, float* out);

}  // namespace idn_torch::kernels
