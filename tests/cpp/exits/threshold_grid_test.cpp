#include "idn/exits/threshold_grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "random_samples.h"

namespace idn::exits {
namespace {

using Thresholds = std::vector<std::vector<std::optional<double>>>;

// In no order, some twice, some between scores and some beyond them, never among them.
Thresholds random_thresholds(std::size_t early, unsigned seed) {
  std::mt19937 random(seed);
  Thresholds made(early);
  for (auto& exit : made) {
    const std::size_t count = 1 + random() % 5;
    for (std::size_t c = 0; c < count; ++c) {
      if (random() % 5 == 0) {
        exit.emplace_back(std::nullopt);
      } else {
        exit.emplace_back((static_cast<int>(random() % 20) - 4) / 16.0);
      }
    }
  }
  return made;
}

TEST(ThresholdGrid, EveryCombinationIsWhatTryingItGives) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    for (const bool above : {true, false}) {
      SCOPED_TRACE(seed);
      const Samples all = random_samples(1 + seed % 40, 1 + seed % 5, 2 + static_cast<int>(seed) % 7, seed);
      const Thresholds thresholds = random_thresholds(all.exits - 1, seed);
      const ThresholdGrid grid = evaluate_grid(all.data(above), thresholds);
      std::size_t combination = 0;
      std::vector<std::size_t> at(all.exits - 1);
      for (bool more = true; more; ++combination) {
        std::vector<std::optional<double>> vector;
        for (std::size_t k = 0; k < at.size(); ++k) vector.push_back(thresholds[k][at[k]]);
        const Outcome expected = outcome(all, vector, above);
        ASSERT_LT(combination, grid.combinations);
        EXPECT_EQ(grid.correct[combination], expected.correct);
        EXPECT_EQ(grid.cost[combination], expected.cost);
        for (std::size_t k = 0; k < all.exits; ++k)
          EXPECT_EQ(grid.leaving[k * grid.combinations + combination], expected.leaving[k]);
        more = false;
        for (std::size_t k = at.size(); k-- > 0 && !more;) {
          more = ++at[k] < thresholds[k].size();
          if (!more) at[k] = 0;
        }
      }
      EXPECT_EQ(combination, grid.combinations);
    }
  }
}

TEST(ThresholdGrid, ThresholdsThatAreInfiniteLetAllOrNobodyOut) {
  const Samples all = random_samples(30, 2, 5, 3);
  const ThresholdGrid grid = evaluate_grid(all.data(true), Thresholds{{-INFINITY, INFINITY, std::nullopt}});
  EXPECT_EQ(grid.leaving, (std::vector<std::uint32_t>{30, 0, 0, 0, 30, 30}));
}

TEST(ThresholdGrid, RefusesWhatDoesNotFit) {
  const Samples all = random_samples(8, 3, 4, 1);
  EXPECT_THROW(evaluate_grid(all.data(), Thresholds{{0.5}}), std::invalid_argument);
  EXPECT_THROW(evaluate_grid(all.data(), Thresholds{{0.5}, {}}), std::invalid_argument);
  EXPECT_THROW(evaluate_grid(all.data(), Thresholds{{0.5}, {NAN}}), std::invalid_argument);
  EXPECT_NO_THROW(evaluate_grid(all.data(), Thresholds{{0.5, 0.6}, {0.5}}, 18));  // 3 exits * (2+1) * (1+1)
  EXPECT_THROW(evaluate_grid(all.data(), Thresholds{{0.5, 0.6}, {0.5}}, 17), std::invalid_argument);
  EXPECT_THROW(evaluate_grid({}, Thresholds{}), std::invalid_argument);
}

}  // namespace
}  // namespace idn::exits
