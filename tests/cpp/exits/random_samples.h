#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "idn/exits/threshold_search.h"

namespace idn::exits {

/// Samples to search thresholds on.
struct Samples {
  std::size_t samples, exits;
  std::vector<double> scores;
  std::vector<std::uint8_t> correct;
  std::vector<double> cost;

  [[nodiscard]] ThresholdSearchData data(bool above = true) const {
    return {.samples = samples,
            .exits = exits,
            .scores = scores,
            .correct = correct,
            .cost = cost,
            .leaves_at_or_above = above};
  }
};

/// Scores of few distinct values, so that many are equal.
inline Samples random_samples(std::size_t samples, std::size_t exits, int values, unsigned seed) {
  std::mt19937 random(seed);
  Samples made{.samples = samples, .exits = exits, .scores = {}, .correct = {}, .cost = {}};
  for (std::size_t i = 0; i < (exits - 1) * samples; ++i)
    made.scores.push_back(static_cast<int>(random() % static_cast<unsigned>(values)) / 8.0);
  for (std::size_t i = 0; i < exits * samples; ++i) made.correct.push_back(random() % 3 != 0 ? 1 : 0);
  for (std::size_t k = 0; k < exits; ++k) made.cost.push_back(static_cast<double>(10 * k + random() % 10));
  return made;
}

/// What some thresholds come to, summed over samples.
struct Outcome {
  std::size_t correct;
  double cost;
  std::vector<std::size_t> leaving;
};

/// One sample and one exit at a time.
inline Outcome outcome(const Samples& all, const std::vector<std::optional<double>>& thresholds, bool above) {
  Outcome found{0, 0.0, std::vector<std::size_t>(all.exits)};
  for (std::size_t i = 0; i < all.samples; ++i) {
    std::size_t k = 0;
    for (; k + 1 < all.exits; ++k) {
      const double score = all.scores[k * all.samples + i];
      if (thresholds[k] && (above ? score >= *thresholds[k] : score <= *thresholds[k])) break;
    }
    found.correct += all.correct[k * all.samples + i];
    found.cost += all.cost[k];
    ++found.leaving[k];
  }
  return found;
}

}  // namespace idn::exits
