#pragma once

#include "idn_torch/kernels/convolution_tile.h"

// The inner loops of the convolution, for the files that compile them for one instruction set each. All is in
// an unnamed namespace: a copy made for a newer processor must not be the one that others call.
namespace idn_torch::kernels {
namespace {

template <int Lanes>
struct Floats {
  using Vector __attribute__((vector_size(Lanes * sizeof(float)), aligned(alignof(float)), may_alias)) =
      float;
};

// Lanes [0, valid) of memory, others 0.
template <int Lanes>
typename Floats<Lanes>::Vector load_some(const float* from, std::int64_t valid) {
  using Vector = typename Floats<Lanes>::Vector;
  if (valid >= Lanes) return *reinterpret_cast<const Vector*>(from);
  Vector loaded{};
  for (std::int64_t lane = 0; lane < valid; ++lane) loaded[lane] = from[lane];
  return loaded;
}

template <int Lanes>
void store_some(float* to, typename Floats<Lanes>::Vector vector, std::int64_t valid) {
  using Vector = typename Floats<Lanes>::Vector;
  if (valid >= Lanes) {
    *reinterpret_cast<Vector*>(to) = vector;
    return;
  }
  for (std::int64_t lane = 0; lane < valid; ++lane) to[lane] = vector[lane];
}

// Pixels x Vectors sums in registers: each input element is multiplied with the weights of all its output
// channels, which lie side by side.
template <int Lanes, int Pixels, int Vectors>
void tile(const ConvolutionTile& call) {
  using Vector = typename Floats<Lanes>::Vector;
  Vector sums[Pixels][Vectors];
  for (int v = 0; v < Vectors; ++v) {
    const Vector bias = *reinterpret_cast<const Vector*>(call.bias + v * Lanes);
#pragma GCC unroll 32
    for (int p = 0; p < Pixels; ++p) sums[p][v] = bias;
  }
  const float* weights = call.weights;
  const std::int64_t pitch = call.pixel_pitch;
  for (std::int64_t row = 0; row < call.rows; ++row) {
    for (std::int64_t tap = 0; tap < call.taps; ++tap) {
      const float* input = call.input + row * call.row_pitch + tap * call.tap_pitch;
      for (std::int64_t k = 0; k < call.run; ++k) {
        Vector weight[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) weight[v] = *reinterpret_cast<const Vector*>(weights + v * Lanes);
#pragma GCC unroll 32
        for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 4
          for (int v = 0; v < Vectors; ++v) sums[p][v] += input[p * pitch] * weight[v];
        }
        weights += Vectors * Lanes;
        ++input;
      }
    }
  }
#pragma GCC unroll 32
  for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      const std::int64_t at = p * call.output_pitch + v * Lanes;
      const std::int64_t valid = call.channels - v * Lanes;
      Vector sum = sums[p][v];
      if (call.residual != nullptr) sum += load_some<Lanes>(call.residual + at, valid);
      if (call.relu) sum = sum < 0.0F ? Vector{} : sum;
      store_some<Lanes>(call.output + at, sum, valid);
    }
  }
}

// tile<Lanes, p, v> for p from 1 to Most, at [p - 1].
template <int Lanes, int Vectors, int... Index>
constexpr std::array<ConvolutionTileFunction, sizeof...(Index)> tiles_of(
    std::integer_sequence<int, Index...>) {
  return {tile<Lanes, Index + 1, Vectors>...};
}

template <int Lanes, int Vectors, int Most>
constexpr auto tiles() {
  return tiles_of<Lanes, Vectors>(std::make_integer_sequence<int, Most>{});
}

}  // namespace
}  // namespace idn_torch::kernels
