#pragma once

#include <immintrin.h>

#include "idn_torch/kernels/convolution_tile.h"

// The inner loops of the convolution, for the files that compile them for one instruction set each. All is in
// an unnamed namespace: a copy made for a newer processor must not be the one that others call.
namespace idn_torch::kernels {
namespace {

// A vector of floats, one float in all its lanes, the first lanes of one, and lanes of it at places that
// `Places` gives.
#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
using Vector = __m512;
using Mask = __mmask16;
using Places = __m512i;

Vector load(const float* from) { return _mm512_loadu_ps(from); }
void store(float* to, Vector vector) { _mm512_storeu_ps(to, vector); }
Vector everywhere(float value) { return _mm512_set1_ps(value); }
Mask first(std::int64_t lanes) {
  if (lanes >= kLanes) return 0xFFFF;
  return static_cast<Mask>(lanes <= 0 ? 0 : (1 << lanes) - 1);
}
Vector load_some(const float* from, Mask some) { return _mm512_maskz_loadu_ps(some, from); }
void store_some(float* to, Vector vector, Mask some) { _mm512_mask_storeu_ps(to, some, vector); }
Places load_places(const std::int32_t* from) { return _mm512_loadu_si512(from); }
// Not the form without a mask: what that leaves undefined worries GCC 12.
Vector pick(Vector from, Places places) { return _mm512_maskz_permutexvar_ps(0xFFFF, places, from); }
#else
inline constexpr int kLanes = 8;
using Vector = __m256;
using Mask = __m256i;
using Places = __m256i;

Vector load(const float* from) { return _mm256_loadu_ps(from); }
void store(float* to, Vector vector) { _mm256_storeu_ps(to, vector); }
Vector everywhere(float value) { return _mm256_set1_ps(value); }
Mask first(std::int64_t lanes) {
  const auto most = static_cast<std::int32_t>(lanes < kLanes ? lanes : kLanes);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(most), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
Vector load_some(const float* from, Mask some) { return _mm256_maskload_ps(from, some); }
void store_some(float* to, Vector vector, Mask some) { _mm256_maskstore_ps(to, some, vector); }
Places load_places(const std::int32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
Vector pick(Vector from, Places places) { return _mm256_permutevar8x32_ps(from, places); }
#endif

// What an input element is multiplied with: of one pixel, the weights of all its output channels, which lie
// side by side; or, with few channels, those weights over and over, for as many pixels as a vector holds.
struct OnePixel {
  explicit OnePixel(const ConvolutionTile& /*call*/) {}
  [[nodiscard]] Vector operator()(const float* input) const { return everywhere(*input); }
};

struct ManyPixels {
  explicit ManyPixels(const ConvolutionTile& call) : places(load_places(call.places)) {}
  [[nodiscard]] Vector operator()(const float* input) const { return pick(load(input), places); }
  Places places;
};

// Keeps a number in a register of its own. The compiler would have one for the place of each group, which are
// more than there are; so it makes these places of few, as addresses can be made.
template <class T>
void hide(T& number) {
  asm("" : "+r"(number));  // NOLINT: no instruction
}

Vector activated(Vector sum, bool relu) {
  if (!relu) return sum;
  return sum < 0.0F ? Vector{} : sum;
}

// Groups x Vectors sums in registers. A group is what Spread says: a pixel, or several.
template <class Spread, int Groups, int Vectors>
void tile(const ConvolutionTile& call) {
  const Spread spread(call);
  Vector sums[Groups][Vectors];
  for (int v = 0; v < Vectors; ++v) {
    const Vector bias = load(call.bias + v * kLanes);
#pragma GCC unroll 32
    for (int g = 0; g < Groups; ++g) sums[g][v] = bias;
  }
  const float* weights = call.weights;
  const std::int64_t pitch = call.input_pitch;
  std::int64_t three = 3 * pitch;
  hide(three);
  for (std::int64_t row = 0; row < call.rows; ++row) {
    for (std::int64_t tap = 0; tap < call.taps; ++tap) {
      const float* inputs[(Groups + 3) / 4];  // of every fourth group
      for (int f = 0; f < (Groups + 3) / 4; ++f)
        inputs[f] = call.input + row * call.row_pitch + tap * call.tap_pitch + 4 * f * pitch;
      for (std::int64_t k = 0; k < call.run; ++k) {
        Vector weight[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) weight[v] = load(weights + v * kLanes);
#pragma GCC unroll 32
        for (int g = 0; g < Groups; ++g) {
          const Vector value = spread(inputs[g / 4] + (g % 4 == 3 ? three : g % 4 * pitch));
#pragma GCC unroll 4
          for (int v = 0; v < Vectors; ++v) sums[g][v] += value * weight[v];
        }
        weights += Vectors * kLanes;
#pragma GCC unroll 8
        for (int f = 0; f < (Groups + 3) / 4; ++f) hide(++inputs[f]);
      }
    }
  }
  // Inlined, or the sums would have to leave their registers for the call.
  const auto finish = [&](int v, auto read, auto write) __attribute__((always_inline)) {
#pragma GCC unroll 32
    for (int g = 0; g < Groups; ++g) {
      const std::int64_t at = g * call.output_pitch + v * kLanes;
      Vector sum = sums[g][v];
      if (call.residual != nullptr) sum += read(call.residual + at);
      write(call.output + at, activated(sum, call.relu));
    }
  };
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) {
    const std::int64_t lanes = call.floats - v * kLanes;
    if (lanes >= kLanes) {  // a masked store of AVX2 takes some processors as long as a dozen plain ones
      finish(v, load, store);
    } else {
      const Mask some = first(lanes);
      finish(
          v, [some](const float* from) { return load_some(from, some); },
          [some](float* to, Vector vector) { store_some(to, vector, some); });
    }
  }
}

// tile<Spread, g, v> for g from 1 to Most, at [g - 1].
template <class Spread, int Vectors, int... Index>
constexpr std::array<ConvolutionTileFunction, sizeof...(Index)> tiles_of(
    std::integer_sequence<int, Index...>) {
  return {tile<Spread, Index + 1, Vectors>...};
}

template <class Spread, int Vectors, int Most>
constexpr auto tiles() {
  return tiles_of<Spread, Vectors>(std::make_integer_sequence<int, Most>{});
}

}  // namespace
}  // namespace idn_torch::kernels
