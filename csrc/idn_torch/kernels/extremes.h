#pragma once

#include <cstdint>
#include <limits>

namespace idn_torch::kernels {

/// The least and the greatest of some numbers, NaN aside; without any, infinity and -infinity.
struct Extremes {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
  bool has_nan = false;
};

Extremes extremes(const float* values, std::int64_t count);

}  // namespace idn_torch::kernels
