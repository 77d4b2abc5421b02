#include "idn_torch/kernels/exp.h"

#include <bit>
#include <cmath>

#include "idn_torch/kernels/target_clones.h"

namespace idn_torch::kernels {

IDN_TARGET_CLONES
void exp_nonpositive(float* values, std::int64_t n) {
  constexpr float kSmallest = -87.336544F;  // exp of less is subnormal
  constexpr float kLog2E = 1.44269504F;
  constexpr float kRounder = 12582912.0F;   // 1.5 * 2^23: adding it rounds to an integer, in the low bits
  constexpr float kLn2High = 0.693359375F;  // log 2 in two parts, the first exact in products with n
  constexpr float kLn2Low = -2.12194440e-4F;
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = values[i];
    const float bounded = x < kSmallest ? kSmallest : x;
    const float shifted = bounded * kLog2E + kRounder;
    const float whole = shifted - kRounder;
    const float r = bounded - whole * kLn2High - whole * kLn2Low;
    // Taylor's polynomial of exp on [-log(2)/2, log(2)/2]; its remainder is below half a unit in the last
    // place.
    float p = 1.0F / 5040.0F;
    p = p * r + 1.0F / 720.0F;
    p = p * r + 1.0F / 120.0F;
    p = p * r + 1.0F / 24.0F;
    p = p * r + 1.0F / 6.0F;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    const auto exponent = std::bit_cast<std::uint32_t>(shifted) << 23U;
    const float scaled = std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + exponent);
    // A NaN passes through p, whose bits the exponent would garble, so it is kept by hand.
    values[i] = x < kSmallest ? 0.0F : (x == x ? scaled : x);
  }
}

void exp_nonpositive(double* values, std::int64_t n) {
  // Double precision serves checks of gradients, where accuracy matters and speed does not.
  for (std::int64_t i = 0; i < n; ++i) values[i] = std::exp(values[i]);
}

}  // namespace idn_torch::kernels
