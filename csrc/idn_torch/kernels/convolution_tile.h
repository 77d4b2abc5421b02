#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

// What the convolution and its inner loops say to each other. For the inside of kernels alone.
namespace idn_torch::kernels {

/// Some neighbouring groups of a row of the output, and one block of its channels: a group is a pixel, or as
/// many neighbours as a vector holds with all their channels. Distances count floats.
struct ConvolutionTile {
  const float* input = nullptr;          ///< under the first tap of the first group
  const float* weights = nullptr;        ///< of the block: (rows, taps, run, block)
  const float* bias = nullptr;           ///< of the block
  const std::int32_t* places = nullptr;  ///< for groups of pixels: where, from `input`, a lane's pixel looks
  const float* residual = nullptr;       ///< added before the activation; laid out as the output; may be null
  float* output = nullptr;
  std::int64_t rows = 0;          ///< of the kernel
  std::int64_t taps = 0;          ///< of a row of the kernel, neighbours taken together
  std::int64_t run = 0;           ///< input elements of a tap, side by side
  std::int64_t row_pitch = 0;     ///< from a row of the kernel to the next
  std::int64_t tap_pitch = 0;     ///< from a tap to the next
  std::int64_t input_pitch = 0;   ///< from what a group looks at to the next's
  std::int64_t output_pitch = 0;  ///< from a group of the output to the next
  std::int64_t floats = 0;        ///< of the block that the output has in a group
  bool relu = false;
};

using ConvolutionTileFunction = void (*)(const ConvolutionTile& tile);

/// The inner loops for one instruction set.
struct ConvolutionTiles {
  std::int64_t lanes = 0;  ///< floats of a vector
  /// For blocks of 1, 2 and 4 vectors, the function for 1, 2, … pixels.
  std::span<const ConvolutionTileFunction> one;
  std::span<const ConvolutionTileFunction> two;
  std::span<const ConvolutionTileFunction> four;
  /// For groups of pixels, the function for 1, 2, … groups. Reads a whole vector from where a group looks
  /// first.
  std::span<const ConvolutionTileFunction> groups;
};

/// For processors with AVX-512, and with AVX2 and FMA.
const ConvolutionTiles& convolution_tiles_avx512();
const ConvolutionTiles& convolution_tiles_avx2();

}  // namespace idn_torch::kernels
