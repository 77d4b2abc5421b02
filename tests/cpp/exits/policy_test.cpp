#include "idn/exits/policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace idn::exits {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Row = std::vector<float>;
using Exits = std::vector<std::vector<Row>>;  // exit, sample, class

struct Answer {
  std::size_t label = 0;
  std::size_t exit = 0;
  double confidence = 0.0;
};

// One sample by itself, from the definitions in criterion.h and learned_score.h.
Answer reference(const Policy& policy, const Exits& logits, std::size_t sample) {
  for (std::size_t n = 0;; ++n) {
    const Row& row = logits[n][sample];
    const std::size_t its = label(row);
    std::size_t in_a_row = 0;
    while (in_a_row < n && label(logits[n - 1 - in_a_row][sample]) == its) ++in_a_row;
    std::size_t earlier = 0;
    for (std::size_t m = 0; m < n; ++m) earlier += label(logits[m][sample]) == its ? 1 : 0;
    bool leaves = n == policy.thresholds.size();
    if (!leaves) {
      double value = 0.0;
      if (policy.criterion == Criterion::kPatience) {
        value = static_cast<double>(in_a_row);
      } else if (policy.criterion == Criterion::kVote) {
        value = static_cast<double>(earlier + 1);
      } else if (policy.criterion == Criterion::kLearned) {
        const double agreement = n == 0 ? 0.0 : static_cast<double>(earlier) / static_cast<double>(n);
        value = score(policy.learned[n], features(row, agreement));
      } else {
        value = score(policy.criterion, row, policy.temperature(n));
      }
      leaves = should_exit(policy.criterion, value, policy.thresholds[n]);
    }
    if (leaves) return {its, n, score(Criterion::kConfidence, row)};
  }
}

std::vector<float> flat(const std::vector<Row>& logits, const std::vector<std::size_t>& samples) {
  std::vector<float> all;
  for (const std::size_t sample : samples)
    all.insert(all.end(), logits[sample].begin(), logits[sample].end());
  return all;
}

// As an engine asks, dropping those that left where `compacts` says so.
template <class Compacts>
std::vector<Answer> decided(const Policy& policy, const Exits& logits, std::size_t samples,
                            Compacts compacts) {
  Departures departures(policy, samples);
  std::vector<std::size_t> computed(samples);
  std::iota(computed.begin(), computed.end(), std::size_t{0});
  while (departures.remaining() > 0) {
    const std::size_t exit = departures.done();
    const auto leaving = departures.leaves(flat(logits[exit], computed), logits[exit][0].size());
    EXPECT_EQ(leaving.size(), computed.size());
    EXPECT_EQ(departures.rows(), computed.size());
    if (!compacts(exit)) continue;
    std::vector<std::size_t> kept;
    for (const std::int64_t row : departures.staying())
      kept.push_back(computed[static_cast<std::size_t>(row)]);
    computed = kept;
    departures.compact();
    EXPECT_EQ(departures.rows(), departures.remaining());
  }
  std::vector<Answer> answers;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    answers.push_back({static_cast<std::size_t>(departures.labels()[sample]),
                       static_cast<std::size_t>(departures.exits()[sample]),
                       departures.confidences()[sample]});
  }
  return answers;
}

class RandomPolicies {
 public:
  explicit RandomPolicies(unsigned seed) : random_(seed) {}

  double number(double least, double most) { return std::uniform_real_distribution(least, most)(random_); }

  Policy policy(Criterion criterion, std::size_t early) {
    Policy made{.criterion = criterion};
    for (std::size_t n = 0; n < early; ++n) {
      const bool counts = criterion == Criterion::kPatience || criterion == Criterion::kVote;
      const double threshold = counts ? std::floor(number(1.0, 4.0)) : number(0.2, 0.9);
      made.thresholds.push_back(number(0, 1) < 0.1 ? std::nullopt : std::optional(threshold));
      if (!counts && criterion != Criterion::kLearned) made.temperatures.push_back(number(0.5, 2.0));
      if (criterion == Criterion::kLearned) made.learned.push_back(learned());
    }
    return made;
  }

  Exits logits(std::size_t exits, std::size_t samples, std::size_t classes) {
    Exits made(exits, std::vector<Row>(samples, Row(classes)));
    std::normal_distribution<float> normal(0.0F, 2.0F);
    for (auto& exit : made) {
      for (Row& row : exit) {
        for (float& z : row) z = std::round(4.0F * normal(random_)) / 4.0F;  // some are equal
      }
    }
    return made;
  }

 private:
  LearnedScore learned() {
    LearnedScore made;
    for (std::size_t k = 0; k < kFeatures; ++k) {
      made.mean[k] = number(-1, 1);
      made.deviation[k] = number(0.5, 2);
      made.weight[k] = number(-1, 1);
    }
    made.intercept = number(-1, 1);
    return made;
  }

  std::mt19937 random_;
};

constexpr Criterion kAll[] = {Criterion::kConfidence, Criterion::kNormalizedEntropy, Criterion::kEntropyNats,
                              Criterion::kMargin,     Criterion::kPatience,          Criterion::kVote,
                              Criterion::kLearned};

TEST(Departures, DecideEachSampleAsIfItWereAlone) {
  RandomPolicies random(11);
  std::vector<std::size_t> left(5);
  for (int trial = 0; trial < 700; ++trial) {
    const std::size_t early = static_cast<std::size_t>(trial) % 5;
    const std::size_t samples = static_cast<std::size_t>(trial) % 9;
    const Policy policy = random.policy(kAll[trial % 7], early);
    check_policy(policy);
    const Exits logits = random.logits(early + 1, samples, 2 + static_cast<std::size_t>(trial) % 3);
    const auto always = decided(policy, logits, samples, [](std::size_t) { return true; });
    const auto never = decided(policy, logits, samples, [](std::size_t) { return false; });
    const auto sometimes = decided(policy, logits, samples, [](std::size_t exit) { return exit % 2 == 1; });
    for (std::size_t sample = 0; sample < samples; ++sample) {
      const Answer expected = reference(policy, logits, sample);
      ++left[expected.exit];
      for (const auto& answers : {always, never, sometimes}) {
        EXPECT_EQ(answers[sample].label, expected.label) << to_string(policy.criterion);
        EXPECT_EQ(answers[sample].exit, expected.exit) << to_string(policy.criterion);
        EXPECT_EQ(answers[sample].confidence, expected.confidence);
      }
    }
  }
  for (const std::size_t count : left) EXPECT_GT(count, 20U);
}

TEST(Departures, DoNotLookAtRowsThatLeft) {
  const Policy policy{.criterion = Criterion::kMargin, .thresholds = {0.5}};
  Departures departures(policy, 2);
  const auto leaving = departures.leaves(Row{9, 0, 1, 1}, 2);
  EXPECT_EQ(std::vector(leaving.begin(), leaving.end()), (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(departures.exits()[1], -1);
  EXPECT_EQ(departures.staying(), std::vector<std::int64_t>{1});
  const auto rest = departures.leaves(Row{kNan, kNan, 0, 1}, 2);
  EXPECT_EQ(std::vector(rest.begin(), rest.end()), (std::vector<std::uint8_t>{0, 1}));
  EXPECT_EQ(departures.labels()[0], 0);
  EXPECT_EQ(departures.labels()[1], 1);
  EXPECT_EQ(departures.exits()[1], 1);
}

TEST(Departures, TakeProbabilitiesThatAreEqualAsEqual) {
  const Policy policy{.criterion = Criterion::kConfidence, .thresholds = {}};
  Departures departures(policy, 2);
  (void)departures.leaves(Row{1e-30F, 2e-30F, 1.0F, 1.0F + 1e-6F}, 2);
  EXPECT_EQ(departures.labels()[0], 0) << "the softmax of both is one half";
  EXPECT_EQ(departures.labels()[1], 1);
}

std::string refused(const Policy& policy, std::size_t before, const Row& logits) {
  Departures departures(policy, 2);
  try {
    for (std::size_t n = 0; n < before; ++n) (void)departures.leaves(Row{0, 0, 0, 0}, 2);
    (void)departures.leaves(logits, 2);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Departures, NameTheSampleOfLogitsThatAreNotNumbers) {
  const std::string expected =
      "logits are NaN or infinite at sample 1; the network diverged or its input is not finite. "
      "Check both before deciding exits.";
  for (const Criterion criterion : kAll) {
    Policy policy{.criterion = criterion, .thresholds = {std::nullopt}};
    if (criterion == Criterion::kLearned) policy.learned = {LearnedScore{.deviation = {1, 1, 1, 1, 1}}};
    EXPECT_EQ(refused(policy, 1, {0, 1, kNan, 0}), expected) << to_string(criterion);
    EXPECT_EQ(refused(policy, 1, {0, 1, kInfinity, 0}), expected) << "no answer has a probability there";
    EXPECT_EQ(refused(policy, 0, {0, 1, kNan, 0}), expected);
    const bool counts = criterion == Criterion::kPatience || criterion == Criterion::kVote;
    EXPECT_EQ(refused(policy, 0, {0, 1, kInfinity, 0}).empty(), counts) << "a label is enough to go on";
  }
}

TEST(Departures, StayWhereTheParametersOfALearnedScoreOverflow) {
  LearnedScore learned{.deviation = {1, 1, 1, 1, 1}};
  learned.mean = {1e308, 1e308, 0, 0, 0};
  learned.weight = {1e308, -1e308, 0, 0, 0};
  const Policy policy{.criterion = Criterion::kLearned, .thresholds = {0.0}, .learned = {learned}};
  Departures departures(policy, 1);
  EXPECT_EQ(departures.leaves(Row{1, 2}, 2)[0], 0) << "NaN is not above the threshold, as in Python";
  EXPECT_EQ(departures.leaves(Row{1, 2}, 2)[0], 1);
}

TEST(Departures, RefuseLogitsThatDoNotFit) {
  const Policy policy{.criterion = Criterion::kVote, .thresholds = {1.0}};
  EXPECT_EQ(refused(policy, 0, {1, 2, 3}),
            "3 logits for 2 rows of 2 classes; expected rows * classes, of 2 or more.");
  EXPECT_EQ(refused(policy, 2, {1, 2, 3, 4}),
            "all 2 exits are decided; begin another batch with another Departures.");
}

std::string refused(const Policy& policy) {
  try {
    check_policy(policy);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Policy, IsRefusedNamingWhatIsWrong) {
  EXPECT_EQ(refused({.criterion = Criterion::kConfidence, .thresholds = {0.5, 1.5}}),
            "threshold 1.5 is out of range for confidence: expected a number in [0, 1], or None for an exit "
            "that is never taken.");
  EXPECT_EQ(refused({.criterion = Criterion::kMargin, .thresholds = {0.5, 0.5}, .temperatures = {1.0}}),
            "1 temperature for 2 thresholds: give one for each early exit, or none.");
  EXPECT_EQ(refused({.criterion = Criterion::kMargin, .thresholds = {0.5}, .temperatures = {0.0}}),
            "temperature is 0, expected a positive finite number (1 leaves logits as they are).");
  EXPECT_EQ(refused({.criterion = Criterion::kLearned, .thresholds = {0.5}}),
            "parameters are of 0 exits, thresholds of 1.");
  EXPECT_EQ(refused({.criterion = Criterion::kVote, .thresholds = {1.0}, .learned = {LearnedScore{}}}),
            "a policy by vote has 1 learned score, expected none: only kLearned looks at them.");
  LearnedScore learned{.deviation = {1, 1, 1, 1, 1}};
  const Policy right{.criterion = Criterion::kLearned, .thresholds = {0.5}, .learned = {learned}};
  EXPECT_EQ(refused(right), "");
  learned.deviation[2] = 0.0;
  EXPECT_EQ(refused({.criterion = Criterion::kLearned, .thresholds = {0.5}, .learned = {learned}}),
            "deviations of exit 1 are [1, 1, 0, 1, 1], expected positive numbers.");
  learned = right.learned[0];
  learned.weight[0] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refused({.criterion = Criterion::kLearned, .thresholds = {0.5}, .learned = {learned}}),
            "weights of exit 1 are [inf, 0, 0, 0, 0], expected 5 finite numbers.");
}

}  // namespace
}  // namespace idn::exits
