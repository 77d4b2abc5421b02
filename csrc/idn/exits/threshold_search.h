#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace idn::exits {

/// What a search of thresholds knows of the samples it searches on.
///
/// Everything is stored exit by exit: scores[k * samples + i] is what early exit k says of sample i, and
/// correct[k * samples + i] whether exit k answers it rightly; the last exit has no score.
struct ThresholdSearchData {
  std::size_t samples = 0;
  std::size_t exits = 0;                  ///< at least one; the last one answers what no other did
  std::span<const double> scores;         ///< (exits - 1) * samples, finite
  std::span<const std::uint8_t> correct;  ///< exits * samples, 0 or 1
  std::span<const double> cost;           ///< exits: what a sample costs that leaves there, finite, >= 0
  bool leaves_at_or_above = true;  ///< whether a high score is a reason to leave, rather than a low one
};

/// Throws std::invalid_argument for spans of the wrong length, numbers out of range, no samples or no exit.
void check(const ThresholdSearchData& data);

/// Thresholds, and what they come to on the samples searched.
struct ThresholdPoint {
  std::vector<std::optional<double>> thresholds;  ///< one per early exit; the score of the last to leave
  std::size_t correct = 0;                        ///< samples answered rightly
  double cost = 0.0;                              ///< sum over samples
};

/// The Pareto front over all thresholds: no other choice is both as cheap and as accurate, and better in one.
///
/// Exact where candidates_per_exit is 0: every distinct score is a threshold, and so is never. Otherwise all
/// early exits but the last two take that many quantiles of their scores, and never. From the cheapest to the
/// most accurate. Takes O(samples ^ (exits - 1)) steps, in O(exits * samples) memory.
///
/// Throws std::invalid_argument for spans of the wrong length, NaN, or more than most_steps steps, which it
/// counts before it begins.
std::vector<ThresholdPoint> pareto_front(const ThresholdSearchData& data, std::size_t candidates_per_exit = 0,
                                         double most_steps = 2e11);

}  // namespace idn::exits
