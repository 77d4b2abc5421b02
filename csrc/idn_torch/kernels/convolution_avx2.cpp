#include "idn_torch/kernels/convolution_tiles.h"

namespace idn_torch::kernels {

// 16 registers: at most 12 sums, the weights and an input element.
const ConvolutionTiles& convolution_tiles_avx2() {
  static constexpr auto kOne = tiles<8, 1, 12>();
  static constexpr auto kTwo = tiles<8, 2, 6>();
  static constexpr auto kFour = tiles<8, 4, 2>();
  static constexpr ConvolutionTiles kTiles{8, kOne, kTwo, kFour};
  return kTiles;
}

}  // namespace idn_torch::kernels
