#pragma once

#include <cstdint>

namespace idn_torch::kernels {

/// Replaces each of the n values by its exponential. For values <= 0 in single precision, the relative error
/// is below 2e-7 and results below the smallest normal number are 0; NaN stays NaN.
void exp_nonpositive(float* values, std::int64_t n);
void exp_nonpositive(double* values, std::int64_t n);

}  // namespace idn_torch::kernels
