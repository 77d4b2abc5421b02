#include "idn/exits/threshold_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>
#include <stdexcept>

namespace idn::exits {
namespace {

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

// Scores of few distinct values, so that many are equal.
Samples random_samples(std::size_t samples, std::size_t exits, int values, unsigned seed) {
  std::mt19937 random(seed);
  Samples made{.samples = samples, .exits = exits, .scores = {}, .correct = {}, .cost = {}};
  for (std::size_t i = 0; i < (exits - 1) * samples; ++i)
    made.scores.push_back(static_cast<int>(random() % static_cast<unsigned>(values)) / 8.0);
  for (std::size_t i = 0; i < exits * samples; ++i) made.correct.push_back(random() % 3 != 0 ? 1 : 0);
  for (std::size_t k = 0; k < exits; ++k) made.cost.push_back(static_cast<double>(10 * k + random() % 10));
  return made;
}

struct Outcome {
  std::size_t correct;
  double cost;
};

// One sample and one exit at a time.
Outcome outcome(const Samples& all, const std::vector<std::optional<double>>& thresholds, bool above) {
  Outcome found{0, 0.0};
  for (std::size_t i = 0; i < all.samples; ++i) {
    std::size_t k = 0;
    for (; k + 1 < all.exits; ++k) {
      const double score = all.scores[k * all.samples + i];
      if (thresholds[k] && (above ? score >= *thresholds[k] : score <= *thresholds[k])) break;
    }
    found.correct += all.correct[k * all.samples + i];
    found.cost += all.cost[k];
  }
  return found;
}

// The cheapest cost for at least so many right answers, over every vector of thresholds.
std::vector<double> cheapest_by_trying_all(const Samples& all, bool above) {
  std::vector<double> cheapest(all.samples + 1, INFINITY);
  std::vector<std::vector<std::optional<double>>> vectors{{}};
  for (std::size_t k = 0; k + 1 < all.exits; ++k) {
    const auto* const begin = all.scores.data() + k * all.samples;
    const std::set<double> distinct(begin, begin + all.samples);
    std::vector<std::vector<std::optional<double>>> longer;
    for (const auto& vector : vectors) {
      longer.push_back(vector);
      longer.back().emplace_back(std::nullopt);
      for (const double score : distinct) {
        longer.push_back(vector);
        longer.back().emplace_back(score);
      }
    }
    vectors = longer;
  }
  for (const auto& vector : vectors) {
    const Outcome found = outcome(all, vector, above);
    for (std::size_t correct = 0; correct <= found.correct; ++correct) {
      cheapest[correct] = std::min(cheapest[correct], found.cost);
    }
  }
  return cheapest;
}

TEST(ThresholdSearch, FindsWhatTryingAllFinds) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    for (const bool above : {true, false}) {
      SCOPED_TRACE(seed);
      const Samples all = random_samples(5 + seed % 20, 1 + seed % 4, 2 + static_cast<int>(seed) % 7, seed);
      const auto front = pareto_front(all.data(above));
      const auto cheapest = cheapest_by_trying_all(all, above);
      std::vector<double> from_front(all.samples + 1, INFINITY);
      for (const ThresholdPoint& point : front) {
        const Outcome found = outcome(all, point.thresholds, above);
        EXPECT_EQ(found.correct, point.correct);
        EXPECT_EQ(found.cost, point.cost);
        for (std::size_t correct = 0; correct <= point.correct; ++correct) {
          from_front[correct] = std::min(from_front[correct], point.cost);
        }
      }
      EXPECT_EQ(from_front, cheapest);
      for (std::size_t i = 1; i < front.size(); ++i) {
        EXPECT_LT(front[i - 1].cost, front[i].cost);
        EXPECT_LT(front[i - 1].correct, front[i].correct);
      }
    }
  }
}

TEST(ThresholdSearch, FewerCandidatesGiveRealPointsThatAreNoBetter) {
  const Samples all = random_samples(40, 4, 30, 7);
  const auto exact = pareto_front(all.data());
  const auto coarse = pareto_front(all.data(), 3);
  ASSERT_FALSE(coarse.empty());
  for (const ThresholdPoint& point : coarse) {
    const Outcome found = outcome(all, point.thresholds, true);
    EXPECT_EQ(found.correct, point.correct);
    EXPECT_EQ(found.cost, point.cost);
    EXPECT_TRUE(std::any_of(exact.begin(), exact.end(), [&](const ThresholdPoint& other) {
      return other.correct >= point.correct && other.cost <= point.cost;
    }));
  }
}

TEST(ThresholdSearch, RefusesWhatDoesNotFit) {
  Samples all = random_samples(8, 3, 4, 1);
  EXPECT_THROW(pareto_front(all.data(), 0, 10), std::invalid_argument);
  all.scores[3] = NAN;
  EXPECT_THROW(pareto_front(all.data()), std::invalid_argument);
  all.scores.pop_back();
  EXPECT_THROW(pareto_front(all.data()), std::invalid_argument);
  all = random_samples(8, 2, 4, 1);
  all.cost[0] = -1;
  EXPECT_THROW(pareto_front(all.data()), std::invalid_argument);
  EXPECT_THROW(pareto_front({}), std::invalid_argument);
}

}  // namespace
}  // namespace idn::exits
