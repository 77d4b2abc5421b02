#include "idn/exits/threshold_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "random_samples.h"

namespace idn::exits {
namespace {

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
