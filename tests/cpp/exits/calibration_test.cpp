#include "idn/exits/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

namespace idn::exits {
namespace {

struct Drawn {
  std::vector<float> logits;
  std::vector<std::int64_t> labels;
};

// Labels drawn from softmax(logits / temperature): that temperature is the true one.
Drawn draw(double temperature, std::size_t samples, std::size_t classes) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0F, 3.0F);
  Drawn drawn;
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<double> weights;
    for (std::size_t c = 0; c < classes; ++c) {
      drawn.logits.push_back(normal(random));
      weights.push_back(std::exp(drawn.logits.back() / temperature));
    }
    drawn.labels.push_back(std::discrete_distribution<int>(weights.begin(), weights.end())(random));
  }
  return drawn;
}

double loss_at(const Drawn& drawn, std::size_t classes, double temperature) {
  double loss = 0.0;
  for (std::size_t i = 0; i < drawn.labels.size(); ++i) {
    double sum = 0.0;
    for (std::size_t c = 0; c < classes; ++c) sum += std::exp(drawn.logits[i * classes + c] / temperature);
    loss +=
        std::log(sum) - drawn.logits[i * classes + static_cast<std::size_t>(drawn.labels[i])] / temperature;
  }
  return loss / static_cast<double>(drawn.labels.size());
}

TEST(Calibration, RecoversTheTemperatureThatLabelsWereDrawnWith) {
  for (const double temperature : {0.5, 1.0, 2.5, 8.0}) {
    const Drawn drawn = draw(temperature, 20000, 5);
    const Calibration fit = fit_temperature(drawn.logits, drawn.labels, 5);
    EXPECT_NEAR(fit.temperature, temperature, 0.05 * temperature);
    EXPECT_NEAR(fit.loss_before, loss_at(drawn, 5, 1.0), 1e-9);
    EXPECT_NEAR(fit.loss_after, loss_at(drawn, 5, fit.temperature), 1e-9);
    for (const double other : {0.999, 1.001}) {
      EXPECT_LE(fit.loss_after, loss_at(drawn, 5, other * fit.temperature) + 1e-12);
    }
  }
}

TEST(Calibration, StaysWithinBoundsWhereThereIsNoBestTemperature) {
  const std::vector<float> logits{3, 0, 0, 3};
  const std::vector<std::int64_t> right{0, 1};
  const std::vector<std::int64_t> wrong{1, 0};
  const Calibration sure = fit_temperature(logits, right, 2);
  EXPECT_GE(sure.temperature, kLowestTemperature);
  EXPECT_LT(sure.temperature, 0.2);
  const Calibration unsure = fit_temperature(logits, wrong, 2);
  EXPECT_LE(unsure.temperature, kHighestTemperature);
  EXPECT_GT(unsure.temperature, 50.0);
  const std::vector<float> equal{1, 1, 1, 1};
  EXPECT_EQ(fit_temperature(equal, right, 2).loss_after, fit_temperature(equal, right, 2).loss_before);
}

TEST(Calibration, BinsAndErrorOfACaseDoneByHand) {
  // Confidence 0.8 (right), 0.8 (wrong), 0.6 (right): |1/2 - 0.8| * 2/3 + |1 - 0.6| * 1/3.
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  const std::vector<float> logits{logit(0.8), 0, logit(0.8), 0, logit(0.6), 0};
  const std::vector<std::int64_t> labels{0, 1, 0};
  const auto bins = reliability(logits, labels, 2, 1.0, 4);
  ASSERT_EQ(bins.size(), 4U);
  EXPECT_EQ(bins[0].samples + bins[1].samples, 0U);
  EXPECT_EQ(bins[2].samples, 1U);
  EXPECT_EQ(bins[3].samples, 2U);
  EXPECT_NEAR(bins[3].confidence, 0.8, 1e-7);
  EXPECT_EQ(bins[3].accuracy, 0.5);
  EXPECT_NEAR(expected_calibration_error(bins), 0.3 * 2 / 3 + 0.4 / 3, 1e-7);
}

TEST(Calibration, RefusesWhatDoesNotFit) {
  const std::vector<float> logits{1, 2, 3, 4};
  const std::vector<std::int64_t> labels{0, 2};
  EXPECT_THROW(fit_temperature(logits, labels, 2), std::invalid_argument);
  EXPECT_THROW(fit_temperature(logits, std::vector<std::int64_t>{0}, 2), std::invalid_argument);
  EXPECT_THROW(fit_temperature(logits, std::vector<std::int64_t>{0, 0, 0, 0}, 1), std::invalid_argument);
  const std::vector<float> bad{1, std::numeric_limits<float>::infinity(), 3, 4};
  EXPECT_THROW(fit_temperature(bad, std::vector<std::int64_t>{0, 1}, 2), std::invalid_argument);
  EXPECT_THROW(reliability(logits, std::vector<std::int64_t>{0, 1}, 2, 0.0, 4), std::invalid_argument);
  EXPECT_THROW(reliability(logits, std::vector<std::int64_t>{0, 1}, 2, 1.0, 0), std::invalid_argument);
}

}  // namespace
}  // namespace idn::exits
