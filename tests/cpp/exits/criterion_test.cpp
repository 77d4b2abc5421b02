#include "idn/exits/criterion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

namespace idn::exits {
namespace {

constexpr Criterion kScored[] = {Criterion::kConfidence, Criterion::kNormalizedEntropy,
                                 Criterion::kEntropyNats, Criterion::kMargin};

// The definitions of section 3.4, as they are printed.
double reference(Criterion criterion, const std::vector<double>& logits, double temperature) {
  std::vector<long double> p;
  long double sum = 0;
  for (const double z : logits) {
    p.push_back(std::exp(static_cast<long double>(z) / temperature));
    sum += p.back();
  }
  for (auto& value : p) value /= sum;
  std::sort(p.begin(), p.end(), std::greater<>());
  long double entropy = 0;
  for (const auto value : p) entropy -= value > 0 ? value * std::log(value) : 0;
  switch (criterion) {
    case Criterion::kConfidence:
      return static_cast<double>(p[0]);
    case Criterion::kMargin:
      return static_cast<double>(p[0] - p[1]);
    case Criterion::kEntropyNats:
      return static_cast<double>(entropy);
    default:
      return static_cast<double>(entropy / std::log(static_cast<long double>(p.size())));
  }
}

TEST(Criterion, ScoresAgreeWithTheirDefinitions) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0.0, 4.0);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<double> logits(2 + trial % 12);
    for (auto& z : logits) z = normal(random);
    const double temperature = 0.5 + 0.01 * trial;
    for (const Criterion criterion : kScored) {
      // Cancellation in 1 - p and log 1 costs a few units in the last place of one.
      EXPECT_NEAR(score(criterion, logits, temperature), reference(criterion, logits, temperature), 4e-15)
          << to_string(criterion);
    }
  }
}

TEST(Criterion, UniformOutputsScoreExactly) {
  for (const std::size_t classes : {2U, 3U, 10U, 1000U}) {
    const std::vector<float> logits(classes, 1.5F);
    EXPECT_EQ(score(Criterion::kConfidence, logits), 1.0 / static_cast<double>(classes));
    EXPECT_EQ(score(Criterion::kNormalizedEntropy, logits), 1.0);
    EXPECT_EQ(score(Criterion::kEntropyNats, logits), std::log(static_cast<double>(classes)));
    EXPECT_EQ(score(Criterion::kMargin, logits), 0.0);
  }
}

TEST(Criterion, OneHotOutputsScoreExactly) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const auto& logits :
       {std::vector<float>{0.0F, 2000.0F, 0.0F}, std::vector<float>{-infinity, 1.0F, -infinity}}) {
    EXPECT_EQ(score(Criterion::kConfidence, logits), 1.0);
    EXPECT_EQ(score(Criterion::kNormalizedEntropy, logits), 0.0);
    EXPECT_EQ(score(Criterion::kEntropyNats, logits), 0.0);
    EXPECT_EQ(score(Criterion::kMargin, logits), 1.0);
    EXPECT_EQ(label(logits), 1U);
  }
}

TEST(Criterion, LogitsThatAreNotNumbersScoreNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Criterion criterion : kScored) {
    EXPECT_TRUE(std::isnan(score(criterion, std::vector<float>{1.0F, nan, 0.0F})));
    EXPECT_TRUE(std::isnan(score(criterion, std::vector<float>{nan, nan})));
    EXPECT_TRUE(std::isnan(score(criterion, std::vector<float>{infinity, 0.0F})));
    EXPECT_TRUE(std::isnan(score(criterion, std::vector<float>{-infinity, -infinity})));
  }
}

TEST(Criterion, AScoreEqualToTheThresholdLeavesExceptInNats) {
  EXPECT_TRUE(should_exit(Criterion::kConfidence, 0.5, 0.5));
  EXPECT_TRUE(should_exit(Criterion::kMargin, 0.5, 0.5));
  EXPECT_TRUE(should_exit(Criterion::kNormalizedEntropy, 0.5, 0.5));
  EXPECT_TRUE(should_exit(Criterion::kPatience, 2.0, 2.0));
  EXPECT_TRUE(should_exit(Criterion::kVote, 2.0, 2.0));
  EXPECT_TRUE(should_exit(Criterion::kLearned, 0.5, 0.5));
  EXPECT_FALSE(should_exit(Criterion::kEntropyNats, 0.5, 0.5));
  EXPECT_TRUE(should_exit(Criterion::kEntropyNats, 0.5, std::nextafter(0.5, 1.0)));
}

TEST(Criterion, NoThresholdMeansNeverEvenForASaturatedSoftmax) {
  for (const Criterion criterion : kScored) {
    for (const double value : {0.0, 1.0}) EXPECT_FALSE(should_exit(criterion, value, std::nullopt));
  }
  EXPECT_TRUE(should_exit(Criterion::kNormalizedEntropy, 0.0, 0.0));
}

TEST(Criterion, ThresholdsOutOfRangeAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Criterion criterion : kScored) {
    EXPECT_THROW(check_threshold(criterion, -0.1), std::invalid_argument);
    EXPECT_THROW(check_threshold(criterion, nan), std::invalid_argument);
    EXPECT_NO_THROW(check_threshold(criterion, 0.0));
    EXPECT_NO_THROW(check_threshold(criterion, 1.0));
  }
  EXPECT_THROW(check_threshold(Criterion::kConfidence, 1.1), std::invalid_argument);
  EXPECT_NO_THROW(check_threshold(Criterion::kEntropyNats, 2.3));
  EXPECT_THROW(check_threshold(Criterion::kPatience, 1.5), std::invalid_argument);
  EXPECT_NO_THROW(check_threshold(Criterion::kPatience, 3.0));
  EXPECT_THROW(check_threshold(Criterion::kVote, 0.0), std::invalid_argument);
  EXPECT_THROW(check_threshold(Criterion::kVote, 1.5), std::invalid_argument);
  EXPECT_THROW(check_threshold(Criterion::kVote, nan), std::invalid_argument);
  EXPECT_NO_THROW(check_threshold(Criterion::kVote, 1.0));
  EXPECT_THROW(check_threshold(Criterion::kLearned, 1.1), std::invalid_argument);
  EXPECT_NO_THROW(check_threshold(Criterion::kLearned, 1.0));
  for (const double temperature : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(check_temperature(temperature), std::invalid_argument);
  }
}

TEST(Criterion, FewerThanTwoClassesAreRefused) {
  for (const Criterion criterion : kScored) {
    EXPECT_THROW(score(criterion, std::vector<float>{1.0F}), std::invalid_argument);
  }
}

TEST(Criterion, CriteriaThatLookAtSeveralExitsHaveNoScoreOfOne) {
  for (const Criterion criterion : {Criterion::kPatience, Criterion::kVote, Criterion::kLearned}) {
    EXPECT_THROW(score(criterion, std::vector<float>{1.0F, 2.0F}), std::invalid_argument);
    EXPECT_TRUE(leaves_at_or_above(criterion));
  }
}

}  // namespace
}  // namespace idn::exits
