#include "idn_torch/kernels/crop.h"

#include <algorithm>
#include <cstring>

#include "idn_torch/kernels/target_clones.h"

namespace idn_torch::kernels {
namespace {

constexpr std::int64_t kWord = 8;

// Copies `count` bytes, mirrored or not, by words: swapping the bytes of a word is what mirrors it. In place
// of a remainder there is a last word that overlaps the one before.
[[gnu::always_inline]] inline void copy_row(const std::uint8_t* in, std::int64_t count, bool flip,
                                            std::uint8_t* out) {
  if (count < kWord) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[flip ? count - 1 - i : i];
    return;
  }
  for (std::int64_t i = 0; i < count; i += kWord) {
    const std::int64_t begin = std::min(i, count - kWord);
    std::uint64_t word = 0;
    std::memcpy(&word, in + (flip ? count - kWord - begin : begin), kWord);
    if (flip) word = __builtin_bswap64(word);
    std::memcpy(out + begin, &word, kWord);
  }
}

[[gnu::always_inline]] inline void zero_columns(float* out, std::int64_t top, std::int64_t bottom,
                                                std::int64_t width, std::int64_t begin, std::int64_t end) {
  for (std::int64_t x = begin; x < end; ++x) {
    for (std::int64_t y = top; y < bottom; ++y) out[y * width + x] = 0.0F;
  }
}

}  // namespace

// Subtracting before multiplying leaves nothing to fuse, so all versions give the same bits.
IDN_TARGET_CLONES
void crop_normalized(const std::uint8_t* image, std::span<const float> mean,
                     std::span<const float> inverse_std, std::int64_t height, std::int64_t width, Crop crop,
                     std::uint8_t* scratch, float* out) {
  // What of the crop lies inside the image: rows, and columns after mirroring.
  const std::int64_t top = std::clamp<std::int64_t>(-crop.top, 0, height);
  const std::int64_t bottom = std::clamp<std::int64_t>(height - crop.top, top, height);
  const std::int64_t begin = std::clamp<std::int64_t>(-crop.left, 0, width);
  const std::int64_t end = std::clamp<std::int64_t>(width - crop.left, begin, width);
  const std::int64_t left = crop.flip ? width - end : begin;
  const std::int64_t right = crop.flip ? width - begin : end;
  for (std::size_t channel = 0; channel < mean.size(); ++channel) {
    // Bytes move first, rows being too short to convert one by one; then whole channels are converted at
    // once. What the scratch holds outside the image is old, and overwritten with zeros below.
    for (std::int64_t y = top; y < bottom; ++y) {
      copy_row(image + (y + crop.top) * width + crop.left + begin, right - left, crop.flip,
               scratch + y * width + left);
    }
    const float center = mean[channel];
    const float scale = inverse_std[channel];
    for (std::int64_t i = top * width; i < bottom * width; ++i) {
      out[i] = (static_cast<float>(scratch[i]) - center) * scale;
    }
    std::fill(out, out + top * width, 0.0F);
    zero_columns(out, top, bottom, width, 0, left);
    zero_columns(out, top, bottom, width, right, width);
    std::fill(out + bottom * width, out + height * width, 0.0F);
    image += height * width;
    out += height * width;
  }
}

}  // namespace idn_torch::kernels
