#include "idn_torch/kernels/convolution_tiles.h"

namespace idn_torch::kernels {

// 16 registers: at most 12 sums, the weights and an input element.
const ConvolutionTiles& convolution_tiles_avx2() {
  static constexpr auto kOne = tiles<OnePixel, 1, 12>();
  static constexpr auto kTwo = tiles<OnePixel, 2, 6>();
  static constexpr auto kFour = tiles<OnePixel, 4, 2>();
  static constexpr auto kGroups = tiles<ManyPixels, 1, 12>();
  static constexpr ConvolutionTiles kTiles{kLanes, kOne, kTwo, kFour, kGroups};
  return kTiles;
}

}  // namespace idn_torch::kernels
