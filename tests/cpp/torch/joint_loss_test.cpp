#include "idn_torch/operators/joint_loss.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "idn_torch/kernels/exp.h"

namespace idn_torch {
namespace {

struct Case {
  std::vector<at::Tensor> logits;
  std::vector<at::Tensor> targets;
  std::vector<double> weights;
};

Case random_case(at::ScalarType type, std::int64_t batch, const std::vector<std::int64_t>& classes) {
  at::manual_seed(11);
  Case result;
  std::int64_t fewest = classes[0];
  for (std::size_t n = 0; n < classes.size(); ++n) {
    result.logits.push_back((at::randn({batch, classes[n]}, at::kDouble) * 5).to(type));
    result.weights.push_back(0.3 + 0.5 * static_cast<double>(n));
    fewest = std::min(fewest, classes[n]);
  }
  at::Tensor target = at::randint(fewest, {batch}, at::kLong);
  target.slice(0, 0, batch, 7).fill_(-1);
  result.targets = {target};
  return result;
}

TEST(JointLossKernel, AgreesWithTheOperatorsOfAten) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const std::int64_t batch : {1, 3, 257, 5000}) {
      for (const auto& classes : {std::vector<std::int64_t>{10, 10, 10}, {2}, {3, 3001}}) {
        const Case c = random_case(type, batch, classes);
        const auto [loss, rows, factor] = joint_loss_forward_cpu(c.logits, c.targets, c.weights, -1, true);
        const auto [loss2, rows2, factor2] =
            joint_loss_forward_aten(c.logits, c.targets, c.weights, -1, true);
        // Both sum in other orders; double loses nothing that matters, single a few units in the last place.
        const double tolerance = type == at::kDouble ? 1e-12 : 2e-6;
        EXPECT_TRUE(at::allclose(loss, loss2, tolerance, tolerance)) << loss << loss2;
        EXPECT_TRUE(at::allclose(rows, rows2, tolerance, tolerance));
        EXPECT_TRUE(at::allclose(factor, factor2, tolerance, 0));
        const at::Tensor upstream = at::full({}, 1.7, loss.options());
        const auto gradients = joint_loss_backward_cpu(upstream, c.logits, c.targets, rows, factor, -1);
        const auto gradients2 = joint_loss_backward_aten(upstream, c.logits, c.targets, rows2, factor2, -1);
        const double half = type == at::kBFloat16 ? 8e-3 : (type == at::kHalf ? 1e-3 : tolerance);
        for (std::size_t n = 0; n < gradients.size(); ++n) {
          EXPECT_TRUE(at::allclose(gradients[n], gradients2[n], half, 1e-7)) << type << " exit " << n;
        }
      }
    }
  }
}

TEST(JointLossKernel, DoesNotDependOnTheNumberOfThreads) {
  const Case c = random_case(at::kFloat, 20000, {10, 10});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = joint_loss_forward_cpu(c.logits, c.targets, c.weights, -1, false);
  at::set_num_threads(2);
  const auto together = joint_loss_forward_cpu(c.logits, c.targets, c.weights, -1, false);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(std::get<0>(alone), std::get<0>(together)));
  EXPECT_TRUE(at::equal(std::get<1>(alone), std::get<1>(together)));
}

TEST(ExpKernel, IsAccurateToAFewUnitsInTheLastPlace) {
  std::vector<float> values;
  for (float x = 0.0F; x > -87.3F; x -= 0.00137F) values.push_back(x);
  std::vector<float> results = values;
  kernels::exp_nonpositive(results.data(), static_cast<std::int64_t>(results.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = std::exp(static_cast<double>(values[i]));
    ASSERT_NEAR(results[i], expected, 2e-7 * expected) << values[i];
  }
}

TEST(ExpKernel, KeepsTheSpecialValues) {
  float values[] = {0.0F,
                    -0.0F,
                    -88.0F,
                    -1e30F,
                    -std::numeric_limits<float>::infinity(),
                    std::numeric_limits<float>::quiet_NaN()};
  kernels::exp_nonpositive(values, 6);
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[1], 1.0F);
  for (int i = 2; i < 5; ++i) EXPECT_EQ(values[i], 0.0F);
  EXPECT_TRUE(std::isnan(values[5]));
}

}  // namespace
}  // namespace idn_torch
