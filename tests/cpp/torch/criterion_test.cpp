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

}  // namespace
}  // namespace idn_torch
