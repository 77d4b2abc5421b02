#pragma once

#include <cstdint>

namespace idn_torch::kernels {

/// The channels around one whose squares count, what their sum is multiplied by, and what is added to that.
struct LocalResponse {
  std::int64_t before = 0;
  std::int64_t after = 0;
  float factor = 0;
  float k = 0;
};

/// For an image of float32 that lies channel by channel, (channels, positions): k + factor * the sum of
/// squares.
void local_response_bases(const float* image, std::int64_t channels, std::int64_t positions,
                          const LocalResponse& window, float* bases);

/// The same for one that lies pixel by pixel, (positions, channels).
void local_response_bases_by_pixel(const float* image, std::int64_t channels, std::int64_t positions,
                                   const LocalResponse& window, float* bases);

/// bases = values / bases^(3/4), for the exponent of nearly every network: two square roots and a division.
void divide_by_three_quarters(const float* values, std::int64_t n, float* bases);

}  // namespace idn_torch::kernels
