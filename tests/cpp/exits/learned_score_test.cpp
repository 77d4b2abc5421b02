#include "idn/exits/learned_score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

namespace idn::exits {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

double at(const Features& features, Feature feature) { return features[static_cast<std::size_t>(feature)]; }

struct Fitted {
  std::vector<double> features;
  std::vector<std::uint8_t> right;
};

// Features of which the first and the last tell, through a logistic curve, how probable a right answer is.
Fitted random_data(std::size_t samples, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  Fitted made;
  for (std::size_t i = 0; i < samples; ++i) {
    Features one;
    for (double& value : one) value = normal(random);
    const double p = 1 / (1 + std::exp(-(0.5 + 2 * one[0] - one[4])));
    one[0] = 10 + 3 * one[0];
    made.features.insert(made.features.end(), one.begin(), one.end());
    made.right.push_back(uniform(random) < p ? 1 : 0);
  }
  return made;
}

// The penalised loss that is to be least, written out.
double loss(const Fitted& data, const LearnedScore& learned) {
  double positive = 0;
  for (const auto right : data.right) positive += right;
  const double negative = static_cast<double>(data.right.size()) - positive;
  double sum = 0;
  for (const double weight : learned.weight) sum += weight * weight / 2;
  for (std::size_t i = 0; i < data.right.size(); ++i) {
    double z = learned.intercept;
    for (std::size_t f = 0; f < kFeatures; ++f)
      z += learned.weight[f] * (data.features[i * kFeatures + f] - learned.mean[f]) / learned.deviation[f];
    const double target = data.right[i] != 0 ? (positive + 1) / (positive + 2) : 1 / (negative + 2);
    sum += target * std::log1p(std::exp(-z)) + (1 - target) * std::log1p(std::exp(z));
  }
  return sum;
}

void expect_least(const Fitted& data, const LearnedScore& learned) {
  const double least = loss(data, learned);
  for (std::size_t f = 0; f <= kFeatures; ++f) {
    for (const double step : {-1e-3, 1e-3}) {
      LearnedScore other = learned;
      (f < kFeatures ? other.weight[f] : other.intercept) += step;
      EXPECT_GE(loss(data, other), least) << "parameter " << f;
    }
  }
}

TEST(LearnedScoreFeatures, AreWhatTheirNamesSay) {
  const std::vector<double> logits = {1.0, 3.0, 0.5, 2.0};
  const Features found = features(std::span<const double>(logits), 0.25);
  double sum = 0;
  for (const double z : logits) sum += std::exp(z);
  const double p = std::exp(3.0) / sum;
  double entropy = 0;
  for (const double z : logits) entropy -= std::exp(z) / sum * std::log(std::exp(z) / sum);
  EXPECT_NEAR(at(found, Feature::kLogOdds), std::log(p / (1 - p)), 1e-14);
  EXPECT_NEAR(at(found, Feature::kNormalizedEntropy), entropy / std::log(4.0), 1e-14);
  EXPECT_EQ(at(found, Feature::kMargin), 1.0);
  EXPECT_EQ(at(found, Feature::kHighest), 3.0);
  EXPECT_EQ(at(found, Feature::kAgreement), 0.25);
}

TEST(LearnedScoreFeatures, TellSureAnswersApartWhereTheProbabilityIsOneToTheLastBit) {
  const Features sure = features(std::vector<float>{100.0F, 0.0F, 0.0F}, 0);
  const Features surer = features(std::vector<float>{200.0F, 0.0F, 0.0F}, 0);
  EXPECT_NEAR(at(sure, Feature::kLogOdds), 100 - std::log(2.0), 1e-12);
  EXPECT_NEAR(at(surer, Feature::kLogOdds), 200 - std::log(2.0), 1e-12);
}

TEST(LearnedScoreFeatures, AreFiniteForInfiniteLosersAndNanForInfiniteWinners) {
  const Features masked = features(std::vector<float>{-kInfinity, 1.0F, -kInfinity}, 0);
  EXPECT_EQ(at(masked, Feature::kLogOdds), kLargestFeature);
  EXPECT_EQ(at(masked, Feature::kMargin), kLargestFeature);
  for (const auto& logits : {std::vector<float>{kInfinity, 0.0F}, std::vector<float>{-kInfinity, -kInfinity},
                             std::vector<float>{std::numeric_limits<float>::quiet_NaN(), 0.0F}}) {
    for (const double value : features(logits, 0)) EXPECT_TRUE(std::isnan(value));
  }
  EXPECT_EQ(at(features(std::vector<float>{2.0F, 2.0F}, 0), Feature::kLogOdds), 0.0);
}

TEST(LearnedScore, FindsTheLeastLossAndTheCurveTheDataCameFrom) {
  const Fitted data = random_data(20000, 1);
  const LearnedScore learned = fit_learned_score(data.features, data.right);
  expect_least(data, learned);
  EXPECT_NEAR(learned.mean[0], 10, 0.1);
  EXPECT_NEAR(learned.deviation[0], 3, 0.1);
  // 20,000 answers leave a standard error of about 0.03 on each.
  EXPECT_NEAR(learned.weight[0], 2, 0.12);
  EXPECT_NEAR(learned.weight[1], 0, 0.12);
  EXPECT_NEAR(learned.weight[4], -1, 0.12);
  EXPECT_NEAR(learned.intercept, 0.5, 0.12);
}

TEST(LearnedScore, IsFiniteForSeparableData) {
  Fitted data = random_data(500, 2);
  for (std::size_t i = 0; i < 500; ++i) data.right[i] = data.features[i * kFeatures + 1] > 0.2 ? 1 : 0;
  const LearnedScore learned = fit_learned_score(data.features, data.right);
  expect_least(data, learned);
  for (const double weight : learned.weight) EXPECT_LT(std::abs(weight), 100);
  EXPECT_GT(learned.weight[1], 1);
}

TEST(LearnedScore, IsTheShareOfPlattWhereAnExitIsAlwaysRightOrAlwaysWrong) {
  for (const bool answer : {false, true}) {
    Fitted data = random_data(98, 3);
    for (auto& right : data.right) right = answer ? 1 : 0;
    const LearnedScore learned = fit_learned_score(data.features, data.right);
    const std::span<const double, kFeatures> first(data.features.data(), kFeatures);
    EXPECT_NEAR(score(learned, first), answer ? 0.99 : 0.01, 1e-6);
  }
}

TEST(LearnedScore, FeaturesThatAreConstantOrCopiesOfOthersDoNoHarm) {
  Fitted data = random_data(2000, 4);
  for (std::size_t i = 0; i < 2000; ++i) {
    data.features[i * kFeatures + 1] = 0.1;  // whose mean over 2000 is another number
    data.features[i * kFeatures + 2] = data.features[i * kFeatures];
    data.features[i * kFeatures + 3] = 1e200;
  }
  const LearnedScore learned = fit_learned_score(data.features, data.right);
  EXPECT_EQ(learned.weight[1], 0.0);
  EXPECT_EQ(learned.weight[3], 0.0);
  EXPECT_EQ(learned.deviation[1], 1.0);
  EXPECT_NEAR(learned.weight[2], learned.weight[0], 1e-6);
  expect_least(data, learned);
}

TEST(LearnedScore, OneSampleIsEnoughToHaveAnAnswer) {
  const Features only = {1, 0.5, 2, 3, 0};
  const LearnedScore learned = fit_learned_score(only, std::vector<std::uint8_t>{1});
  EXPECT_NEAR(score(learned, only), 2.0 / 3, 1e-6);
}

TEST(LearnedScore, RefusesWhatDoesNotFit) {
  Fitted data = random_data(10, 5);
  EXPECT_THROW(fit_learned_score({}, {}), std::invalid_argument);
  EXPECT_THROW(fit_learned_score(std::span(data.features).first(49), data.right), std::invalid_argument);
  data.right[3] = 2;
  EXPECT_THROW(fit_learned_score(data.features, data.right), std::invalid_argument);
  data.right[3] = 1;
  data.features[7] = NAN;
  EXPECT_THROW(fit_learned_score(data.features, data.right), std::invalid_argument);
}

}  // namespace
}  // namespace idn::exits
