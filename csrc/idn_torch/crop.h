#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace idn_torch {

/// A batch in one pass: picks images, normalises them by channel, crops each at its own place and mirrors
/// those asked for. What a crop holds of the outside of an image is 0.
///
/// images: uint8 (samples, channels, height, width). index, top, left: int64 (batch); top and left may be
/// negative. flip: bool (batch). Returns float32 (batch, channels, height, width). All on the CPU. Wrong
/// types or shapes, or an index that is no sample's, are std::invalid_argument.
at::Tensor crop_batch(const at::Tensor& images, const at::Tensor& index, const std::vector<float>& mean,
                      const std::vector<float>& inverse_std, const at::Tensor& top, const at::Tensor& left,
                      const at::Tensor& flip);

}  // namespace idn_torch
