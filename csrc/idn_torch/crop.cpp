#include "idn_torch/crop.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "idn_torch/kernels/crop.h"

namespace idn_torch {
namespace {

void check_images(const at::Tensor& images, std::size_t means, std::size_t inverse_stds) {
  if (images.scalar_type() != at::kByte || images.dim() != 4 || !images.is_cpu() ||
      images.size(1) != static_cast<std::int64_t>(means) || means != inverse_stds) {
    std::ostringstream message;
    message << "images are " << images.scalar_type() << " of shape " << images.sizes() << " on "
            << images.device() << ", with " << means << " means and " << inverse_stds
            << " inverse deviations; expected uint8 (samples, channels, height, width) on the CPU and one of "
               "each for "
               "each channel.";
    throw std::invalid_argument(message.str());
  }
}

void check_choice(const char* name, const at::Tensor& values, at::ScalarType type, std::int64_t batch) {
  if (values.scalar_type() != type || values.dim() != 1 || values.size(0) != batch || !values.is_cpu()) {
    std::ostringstream message;
    message << name << " is " << values.scalar_type() << " of shape " << values.sizes() << " on "
            << values.device() << ", expected " << type << " (" << batch << ") on the CPU.";
    throw std::invalid_argument(message.str());
  }
}

void check_index(const at::Tensor& index, std::int64_t samples) {
  const std::int64_t* const values = index.const_data_ptr<std::int64_t>();
  const std::int64_t* const wrong =
      std::find_if(values, values + index.size(0), [&](std::int64_t i) { return i < 0 || i >= samples; });
  if (wrong != values + index.size(0)) {
    throw std::invalid_argument("index holds " + std::to_string(*wrong) + ", expected 0 to " +
                                std::to_string(samples - 1) + ".");
  }
}

// The images of a batch lie anywhere in memory, where the processor does not look ahead by itself; asking for
// one two images early saves about a sixth of the whole time.
constexpr std::int64_t kImagesAhead = 2;
constexpr std::int64_t kCacheLine = 64;

void prefetch(const std::uint8_t* image, std::int64_t size) {
  for (std::int64_t i = 0; i < size; i += kCacheLine) __builtin_prefetch(image + i);
}

}  // namespace

at::Tensor crop_batch(const at::Tensor& images, const at::Tensor& index, const std::vector<float>& mean,
                      const std::vector<float>& inverse_std, const at::Tensor& top, const at::Tensor& left,
                      const at::Tensor& flip) {
  check_images(images, mean.size(), inverse_std.size());
  const std::int64_t batch = index.numel();
  check_choice("index", index, at::kLong, batch);
  check_choice("top", top, at::kLong, batch);
  check_choice("left", left, at::kLong, batch);
  check_choice("flip", flip, at::kBool, batch);
  const at::Tensor source = images.contiguous();
  const at::Tensor picked = index.contiguous();
  const at::Tensor tops = top.contiguous();
  const at::Tensor lefts = left.contiguous();
  const at::Tensor flips = flip.contiguous();
  check_index(picked, source.size(0));

  const std::int64_t height = source.size(2);
  const std::int64_t width = source.size(3);
  const std::int64_t pixels = source.size(1) * height * width;
  at::Tensor out = at::empty({batch, source.size(1), height, width}, source.options().dtype(at::kFloat));
  const std::uint8_t* const bytes = source.const_data_ptr<std::uint8_t>();
  float* const values = out.mutable_data_ptr<float>();
  const std::int64_t* const samples = picked.const_data_ptr<std::int64_t>();
  const std::int64_t grain = std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, pixels));
  at::parallel_for(0, batch, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint8_t> scratch(static_cast<std::size_t>(height * width));
    for (std::int64_t n = begin; n < end; ++n) {
      if (n + kImagesAhead < end) prefetch(bytes + samples[n + kImagesAhead] * pixels, pixels);
      const kernels::Crop crop{tops.const_data_ptr<std::int64_t>()[n],
                               lefts.const_data_ptr<std::int64_t>()[n], flips.const_data_ptr<bool>()[n]};
      kernels::crop_normalized(bytes + samples[n] * pixels, mean, inverse_std, height, width, crop,
                               scratch.data(), values + n * pixels);
    }
  });
  return out;
}

}  // namespace idn_torch
