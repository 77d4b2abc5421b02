#include "idn_torch/kernels/convolution_tiles.h"

namespace idn_torch::kernels {

// 32 registers: at most 28 sums, the weights and an input element.
const ConvolutionTiles& convolution_tiles_avx512() {
  static constexpr auto kOne = tiles<16, 1, 28>();
  static constexpr auto kTwo = tiles<16, 2, 14>();
  static constexpr auto kFour = tiles<16, 4, 6>();
  static constexpr ConvolutionTiles kTiles{16, kOne, kTwo, kFour};
  return kTiles;
}

}  // namespace idn_torch::kernels
