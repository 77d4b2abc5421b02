#include "idn_torch/kernels/convolution_tiles.h"

namespace idn_torch::kernels {

// 32 registers: at most 28 sums, the weights and an input element.
const ConvolutionTiles& convolution_tiles_avx512() {
  static constexpr auto kOne = tiles<OnePixel, 1, 28>();
  static constexpr auto kTwo = tiles<OnePixel, 2, 14>();
  static constexpr auto kFour = tiles<OnePixel, 4, 6>();
  static constexpr auto kGroups = tiles<ManyPixels, 1, 20>();
  static constexpr ConvolutionTiles kTiles{kLanes, kOne, kTwo, kFour, kGroups};
  return kTiles;
}

}  // namespace idn_torch::kernels
