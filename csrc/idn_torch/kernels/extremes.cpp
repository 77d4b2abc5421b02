#include "idn_torch/kernels/extremes.h"

#include <algorithm>

#include "idn_torch/kernels/target_clones.h"

namespace idn_torch::kernels {
namespace {

constexpr std::int64_t kLanes = 64;  // four of the longest vectors, so that none waits for the one before

struct Lanes {
  float least[kLanes];
  float most[kLanes];
  std::int32_t nan[kLanes];
};

// Comparisons with NaN are false; it alone differs from itself.
IDN_TARGET_CLONES
void look_at(const float* __restrict__ values, std::int64_t blocks, Lanes& __restrict__ lanes) {
  for (std::int64_t block = 0; block < blocks; ++block, values += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const float value = values[lane];
      lanes.least[lane] = value < lanes.least[lane] ? value : lanes.least[lane];
      lanes.most[lane] = value > lanes.most[lane] ? value : lanes.most[lane];
      lanes.nan[lane] |= static_cast<std::int32_t>(value != value);
    }
  }
}

}  // namespace

Extremes extremes(const float* values, std::int64_t count) {
  Lanes lanes{};
  std::ranges::fill(lanes.least, std::numeric_limits<float>::infinity());
  std::ranges::fill(lanes.most, -std::numeric_limits<float>::infinity());
  const std::int64_t blocks = count / kLanes;
  look_at(values, blocks, lanes);
  Extremes found;
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    found.least = std::min<double>(found.least, lanes.least[lane]);
    found.most = std::max<double>(found.most, lanes.most[lane]);
    found.has_nan = found.has_nan || lanes.nan[lane] != 0;
  }
  for (const float* at = values + blocks * kLanes; at != values + count; ++at) {
    found.least = *at < found.least ? *at : found.least;
    found.most = *at > found.most ? *at : found.most;
    found.has_nan = found.has_nan || *at != *at;
  }
  return found;
}

}  // namespace idn_torch::kernels
