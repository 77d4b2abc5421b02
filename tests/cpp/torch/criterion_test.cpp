#include "idn_torch/criterion.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace idn_torch {
namespace {

using idn::exits::Criterion;

constexpr Criterion kScored[] = {Criterion::kConfidence, Criterion::kNormalizedEntropy,
                                 Criterion::kEntropyNats, Criterion::kMargin};

TEST(ExitScores, EveryRowIsScoredByTheRuleItself) {
  at::manual_seed(3);
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    const at::Tensor logits =
        (at::randn({2500, 10}) * 6).to(type).t().contiguous().t();  // strides of another order
    const at::Tensor rows = logits.to(at::kDouble).contiguous();
    for (const Criterion criterion : kScored) {
      const at::Tensor scores = exit_scores(logits, criterion, 1.5, 0);
      ASSERT_EQ(scores.scalar_type(), at::kDouble);
      for (std::int64_t i = 0; i < rows.size(0); ++i) {
        const std::span<const double> row(rows.const_data_ptr<double>() + i * 10, 10);
        ASSERT_EQ(scores[i].item<double>(), idn::exits::score(criterion, row, 1.5));
      }
    }
  }
}

TEST(ExitScores, NanNamesTheExitAndTheSample) {
  at::Tensor logits = at::zeros({4, 3});
  logits[2][1] = std::numeric_limits<float>::quiet_NaN();
  try {
    exit_scores(logits, Criterion::kConfidence, 1.0, 1);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("exit 2"), std::string::npos) << message;
    EXPECT_NE(message.find("sample 2"), std::string::npos) << message;
  }
}

TEST(AgreeingExits, CountsTheUnbrokenRunBeforeTheLast) {
  const auto output = [](std::vector<std::int64_t> labels) {
    return at::one_hot(at::tensor(labels), 3).to(at::kFloat);
  };
  const at::Tensor count = agreeing_exits({output({0, 0, 1, 2}), output({0, 1, 1, 0}), output({0, 1, 1, 2})});
  EXPECT_TRUE(at::equal(count, at::tensor({2, 1, 2, 0}, at::kLong)));
  EXPECT_TRUE(at::equal(agreeing_exits({output({0, 2})}), at::zeros({2}, at::kLong)));
}

TEST(Votes, CountsEveryExitThatSaidTheSameAsTheLast) {
  const auto output = [](std::vector<std::int64_t> labels) {
    return at::one_hot(at::tensor(labels), 3).to(at::kFloat);
  };
  const at::Tensor count = votes({output({0, 2, 1, 2}), output({0, 1, 1, 0}), output({0, 2, 0, 1})});
  EXPECT_TRUE(at::equal(count, at::tensor({3, 2, 1, 1}, at::kLong)));
  EXPECT_TRUE(at::equal(votes({output({0, 2})}), at::ones({2}, at::kLong)));
}

TEST(LearnedScores, EveryRowIsScoredByTheRuleItself) {
  at::manual_seed(5);
  const idn::exits::LearnedScore learned{.mean = {1, 0.5, 2, 3, 0.5},
                                         .deviation = {2, 0.25, 1, 4, 0.5},
                                         .weight = {1, -2, 0.5, 0.25, 3},
                                         .intercept = 0.5};
  const std::vector<at::Tensor> outputs = {at::randn({1500, 7}), at::randn({1500, 7}), at::randn({1500, 7})};
  const at::Tensor scores = learned_scores(outputs, learned);
  const at::Tensor found = exit_features(outputs);
  const at::Tensor agreeing = (votes(outputs) - 1).to(at::kDouble) / 2;
  for (std::int64_t i = 0; i < 1500; ++i) {
    const std::span<const float> row(outputs[2].const_data_ptr<float>() + i * 7, 7);
    const idn::exits::Features expected = idn::exits::features(row, agreeing[i].item<double>());
    for (std::size_t f = 0; f < expected.size(); ++f)
      ASSERT_EQ(found[i][static_cast<std::int64_t>(f)].item<double>(), expected[f]);
    ASSERT_EQ(scores[i].item<double>(), idn::exits::score(learned, expected));
  }
}

TEST(LearnedScores, InfiniteLogitsNameTheExitAndTheSample) {
  at::Tensor logits = at::zeros({4, 3});
  logits[3][1] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(exit_features({logits}), std::invalid_argument);
  logits[3][1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(exit_features({logits, at::zeros({4, 3})}), std::invalid_argument);
  EXPECT_THROW(exit_features({}), std::invalid_argument);
}

}  // namespace
}  // namespace idn_torch
