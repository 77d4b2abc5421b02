#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "idn/exits/threshold_search.h"

namespace idn::exits {

/// What every combination of some thresholds comes to, the last early exit's thresholds fastest.
struct ThresholdGrid {
  std::size_t combinations = 0;
  std::vector<std::uint32_t> leaving;  ///< exits * combinations: samples that leave at each exit
  std::vector<std::uint32_t> correct;  ///< combinations: samples answered rightly
  std::vector<double> cost;            ///< combinations: sum over samples
};

/// Tries every combination of the thresholds given for each early exit, as the BranchyNet paper of 2016 does
/// to draw its curves. In any order, repeated or not; no threshold lets nobody out.
///
/// A sample leaves with its score exactly at the threshold, as in threshold_search.h. Exact, and by far
/// faster than one combination after the other: samples are counted by the thresholds they pass, once, and
/// who leaves at exit k is a sum over a box of those counts. Takes O(samples * exits * log thresholds) +
/// O(exits^2 * combinations) steps and O(exits * combinations) memory.
///
/// Throws std::invalid_argument as pareto_front, for an exit without thresholds, for NaN, and for more than
/// most_counts counts (exits * combinations).
ThresholdGrid evaluate_grid(const ThresholdSearchData& data,
                            std::span<const std::vector<std::optional<double>>> thresholds,
                            std::size_t most_counts = std::size_t{1} << 26U);

}  // namespace idn::exits
