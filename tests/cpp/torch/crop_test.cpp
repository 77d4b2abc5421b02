#include "idn_torch/crop.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "idn_torch/kernels/crop.h"

namespace idn_torch {
namespace {

using kernels::Crop;

// One value at a time, as the words of the declaration say.
std::vector<float> slow_crop(const std::vector<std::uint8_t>& image, const std::vector<float>& mean,
                             const std::vector<float>& inverse_std, std::int64_t height, std::int64_t width,
                             Crop crop) {
  std::vector<float> out;
  for (std::size_t channel = 0; channel < mean.size(); ++channel) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t row = y + crop.top;
        const std::int64_t column = (crop.flip ? width - 1 - x : x) + crop.left;
        const bool inside = row >= 0 && row < height && column >= 0 && column < width;
        const std::int64_t place = (static_cast<std::int64_t>(channel) * height + row) * width + column;
        out.push_back(inside ? (static_cast<float>(image[static_cast<std::size_t>(place)]) - mean[channel]) *
                                   inverse_std[channel]
                             : 0.0F);
      }
    }
  }
  return out;
}

TEST(Crop, EveryOffsetAndFlipHasTheBitsOfTheSlowReference) {
  std::mt19937 random(0);
  const std::vector<float> mean{125.3F, 1.0F / 3.0F};
  const std::vector<float> inverse_std{1.0F / 63.0F, 0.7F};
  for (const auto& [height, width] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 1}, {5, 3}, {3, 7}, {8, 8}, {4, 9}, {3, 17}, {6, 32}}) {
    std::vector<std::uint8_t> image(static_cast<std::size_t>(2 * height * width));
    for (auto& value : image) value = static_cast<std::uint8_t>(random());
    for (std::int64_t top = -height - 1; top <= height + 1; ++top) {
      for (std::int64_t left = -width - 1; left <= width + 1; ++left) {
        for (const bool flip : {false, true}) {
          const Crop crop{top, left, flip};
          // Fresh buffers of the exact size, so that the address sanitizer sees every step outside them.
          std::vector<std::uint8_t> scratch(static_cast<std::size_t>(height * width), 99);
          std::vector<float> out(image.size(), -1.0F);
          kernels::crop_normalized(image.data(), mean, inverse_std, height, width, crop, scratch.data(),
                                   out.data());
          ASSERT_EQ(out, slow_crop(image, mean, inverse_std, height, width, crop))
              << height << "x" << width << ", top " << top << ", left " << left << ", flip " << flip;
        }
      }
    }
  }
}

TEST(Crop, ABatchPicksTheImagesItsIndexNames) {
  const at::Tensor images = at::arange(5 * 2 * 3 * 4, at::kByte).reshape({5, 2, 3, 4});
  const at::Tensor index = at::arange(4, -1, -2, at::kLong);
  const at::Tensor zero = at::zeros({3}, at::kLong);
  const at::Tensor batch =
      crop_batch(images, index, {0.0F, 0.0F}, {1.0F, 1.0F}, zero, zero, zero.to(at::kBool));
  EXPECT_TRUE(batch.equal(images.index_select(0, index).to(at::kFloat)));
}

TEST(Crop, AnIndexOutOfRangeAndWrongShapesAreRefused) {
  const at::Tensor images = at::zeros({5, 1, 3, 4}, at::kByte);
  const at::Tensor zero = at::zeros({1}, at::kLong);
  const at::Tensor no = at::zeros({1}, at::kBool);
  EXPECT_THROW(crop_batch(images, zero.sub(1), {0.0F}, {1.0F}, zero, zero, no), std::invalid_argument);
  EXPECT_THROW(crop_batch(images, zero.add(5), {0.0F}, {1.0F}, zero, zero, no), std::invalid_argument);
  EXPECT_THROW(crop_batch(images, zero, {0.0F, 0.0F}, {1.0F}, zero, zero, no), std::invalid_argument);
  EXPECT_THROW(crop_batch(images.to(at::kFloat), zero, {0.0F}, {1.0F}, zero, zero, no),
               std::invalid_argument);
  EXPECT_THROW(crop_batch(images, zero, {0.0F}, {1.0F}, zero, zero, zero), std::invalid_argument);
  EXPECT_EQ(crop_batch(images, zero, {0.0F}, {1.0F}, zero, zero, no).numel(), 12);
}

}  // namespace
}  // namespace idn_torch
