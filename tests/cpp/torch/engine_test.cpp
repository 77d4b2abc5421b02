#include "idn_torch/engine.h"

#include <ATen/Context.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "graph_of_tensors.h"

namespace idn_torch {
namespace {

using idn::exits::Criterion;
using idn::exits::Policy;
using idn::graph::Dimension;

constexpr std::int64_t kFeatures = 5;
constexpr std::int64_t kWidth = 6;
constexpr std::int64_t kClasses = 3;
constexpr std::size_t kExits = 3;
constexpr Compaction kAllWays[] = {Compaction::kAuto, Compaction::kAlways, Compaction::kNever};

const Dimension kB = Dimension::batch();

// Whole numbers times a power of two: sums of their products are exact in float32 in whatever order, so that
// what is answered can be compared exactly.
at::Tensor whole(at::IntArrayRef sizes, double unit = 1.0) { return at::randint(-3, 4, sizes).mul(unit); }

// Linear layers with a relu each, and a linear exit after each.
GraphOfTensors chain() {
  GraphOfTensors graph;
  auto value = graph.input("x", {kB, kFeatures});
  std::vector<GraphOfTensors::ValueId> layers;
  std::vector<GraphOfTensors::ValueId> heads;
  for (std::size_t k = 0; k < kExits; ++k) {
    layers.push_back(graph.constant(whole({kWidth, k == 0 ? kFeatures : kWidth}, 0.25)));
    heads.push_back(graph.constant(whole({kClasses, kWidth}, 1.0 / 16)));
  }
  std::vector<GraphOfTensors::ValueId> answers;
  for (std::size_t k = 0; k < kExits; ++k) {
    value = graph.node("relu", {graph.node("linear", {value, layers[k]})});
    answers.push_back(graph.node("linear", {value, heads[k]}));
  }
  for (const auto answer : answers) graph.exit(answer);
  return graph;
}

// Of two numbers: exits that need only one of two segments each. The logarithm is NaN below zero.
GraphOfTensors relu_and_log() {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, 2});
  const auto relu = graph.node("relu", {x});
  const auto log = graph.node("log", {x});
  graph.exit(relu);
  graph.exit(log);
  return graph;
}

std::shared_ptr<const Executor> executor_of(GraphOfTensors graph) {
  return std::make_shared<const Executor>(graph.package());
}

Policy confident(double first, double second) {
  return {.criterion = Criterion::kConfidence, .thresholds = {first, second}};
}

// At each early exit the middle confidence of all samples.
Policy middle(const Executor& executor, const at::Tensor& x) {
  const std::vector<at::Tensor> logits = executor.run({x});
  Policy policy = confident(0.0, 0.0);
  for (std::size_t k = 0; k + 1 < kExits; ++k) {
    std::vector<double> scores;
    for (std::int64_t sample = 0; sample < x.size(0); ++sample) {
      const std::span z(logits[k].const_data_ptr<float>() + sample * kClasses, std::size_t{kClasses});
      scores.push_back(idn::exits::score(Criterion::kConfidence, z));
    }
    std::ranges::sort(scores);
    policy.thresholds[k] = scores[scores.size() / 2];
  }
  return policy;
}

void expect_equal(const Answers& one, const Answers& other) {
  EXPECT_EQ(one.labels, other.labels);
  EXPECT_EQ(one.confidences, other.confidences);
  EXPECT_EQ(one.exits, other.exits);
  EXPECT_EQ(one.operations, other.operations);
}

// Each sample alone, through all exits, and the rule of Figure 3.2 on its logits.
Answers slow(const Executor& executor, const Policy& policy, const at::Tensor& x) {
  Answers answers;
  for (std::int64_t sample = 0; sample < x.size(0); ++sample) {
    const std::vector<at::Tensor> logits = executor.run({x.narrow(0, sample, 1)});
    for (std::size_t k = 0; k < kExits; ++k) {
      const std::span z(logits[k].const_data_ptr<float>(), static_cast<std::size_t>(kClasses));
      const double score = idn::exits::score(policy.criterion, z, policy.temperature(k));
      if (k + 1 < kExits && !idn::exits::should_exit(policy.criterion, score, policy.thresholds[k])) continue;
      answers.labels.push_back(static_cast<std::int64_t>(idn::exits::label(z)));
      answers.confidences.push_back(idn::exits::score(Criterion::kConfidence, z));
      answers.exits.push_back(static_cast<std::int64_t>(k));
      break;
    }
  }
  return answers;
}

TEST(Engine, AnswersEverySampleAsItWouldBeAloneWhateverTheThreadsAndTheCompaction) {
  at::manual_seed(1);
  std::mt19937 random(1);
  std::uniform_real_distribution<double> any(0.35, 0.9);
  for (int trial = 0; trial < 20; ++trial) {
    const auto executor = executor_of(chain());
    const Policy policy = confident(any(random), any(random));
    const at::Tensor x = whole({trial * 3, kFeatures});
    const Answers expected = slow(*executor, policy, x);
    for (const Compaction compaction : kAllWays) {
      for (const std::size_t threads : {1U, 2U, 5U}) {
        const Engine engine(executor, policy, {.threads = threads, .compaction = compaction});
        const Answers found = engine({x});
        EXPECT_EQ(found.labels, expected.labels);
        EXPECT_EQ(found.exits, expected.exits);
        EXPECT_EQ(found.confidences, expected.confidences);
      }
    }
  }
}

TEST(Engine, CountsTheOperationsOfTheSegmentsThatASampleNeeded) {
  at::manual_seed(2);
  const auto executor = executor_of(chain());
  const at::Tensor x = whole({200, kFeatures});
  const Answers answers = Engine(executor, middle(*executor, x))({x});
  // A linear layer without bias is 2 * in * out, a relu one for each.
  const std::int64_t head = 2 * kWidth * kClasses;
  const std::int64_t first = 2 * kFeatures * kWidth + kWidth + head;
  const std::int64_t later = 2 * kWidth * kWidth + kWidth + head;
  std::vector<int> at(kExits);
  for (std::size_t sample = 0; sample < answers.exits.size(); ++sample) {
    EXPECT_EQ(answers.operations[sample], first + answers.exits[sample] * later);
    ++at[static_cast<std::size_t>(answers.exits[sample])];
  }
  for (const int count : at) EXPECT_GT(count, 0);
}

TEST(Engine, DoesNotRunSegmentsThatNobodyNeeds) {
  GraphOfTensors graph = relu_and_log();
  const Engine engine(executor_of(std::move(graph)),
                      {.criterion = Criterion::kConfidence, .thresholds = {0.5}});
  const at::Tensor inputs = at::full({3, 2}, -1.0);
  EXPECT_EQ(engine({inputs}).exits, (std::vector<std::int64_t>{0, 0, 0}));
}

TEST(Engine, SamplesThatLeftMayHaveAnythingAtLaterExits) {
  GraphOfTensors graph = relu_and_log();
  const at::Tensor inputs = at::ones({2, 2});
  inputs[0][0] = 5.0;
  inputs[0][1] = -1.0;  // leaves at the first exit; its logarithm is NaN
  const Engine engine(executor_of(std::move(graph)),
                      {.criterion = Criterion::kConfidence, .thresholds = {0.9}},
                      {.compaction = Compaction::kNever});
  EXPECT_EQ(engine({inputs}).exits, (std::vector<std::int64_t>{0, 1}));
}

TEST(Engine, NanLogitsNameTheExitAndTheSampleOfTheWholeBatch) {
  for (const std::size_t threads : {1U, 4U}) {
    GraphOfTensors graph = relu_and_log();
    const at::Tensor inputs = at::ones({12, 2});
    inputs[10][1] = -2.0;
    const Engine engine(executor_of(std::move(graph)),
                        {.criterion = Criterion::kConfidence, .thresholds = {std::nullopt}},
                        {.threads = threads});
    try {
      (void)engine({inputs});
      FAIL() << "nothing was thrown";
    } catch (const std::invalid_argument& error) {
      const std::string said = error.what();
      EXPECT_NE(said.find("exit 'exit2'"), std::string::npos) << said;
      EXPECT_NE(said.find("at sample 10"), std::string::npos) << said;
    }
  }
}

TEST(Engine, ABatchWhoseSamplesAreMixedIsNeitherDividedNorCompacted) {
  at::manual_seed(3);
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, kClasses});
  const auto all = graph.node("reduce_sum", {x}, {{"axes", std::vector<std::int64_t>{0}}, {"keep", true}});
  const auto own = graph.node("relu", {x});
  const auto mixed = graph.node("add", {own, all});
  graph.exit(own);
  graph.exit(mixed);
  const auto executor = executor_of(std::move(graph));
  const at::Tensor inputs = whole({40, kClasses}, 0.5);
  const Policy policy{.criterion = Criterion::kMargin, .thresholds = {0.3}};
  const Answers expected = Engine(executor, policy, {.compaction = Compaction::kNever})({inputs});
  EXPECT_NE(expected.exits, std::vector<std::int64_t>(40, 0));
  EXPECT_NE(expected.exits, std::vector<std::int64_t>(40, 1));
  expect_equal(Engine(executor, policy, {.threads = 3, .compaction = Compaction::kAlways})({inputs}),
               expected);
}

TEST(Engine, ServesManyThreadsAtOnce) {
  at::manual_seed(4);
  const auto executor = executor_of(chain());
  const Engine engine(executor, confident(0.5, 0.6), {.threads = 2, .compaction = Compaction::kAlways});
  const at::Tensor x = whole({50, kFeatures});
  const Answers expected = engine({x});
  std::vector<Answers> found(8);
  std::vector<std::thread> threads;
  for (Answers& one : found) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 20; ++turn) one = engine({x});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Answers& one : found) expect_equal(one, expected);
}

TEST(Engine, RefusesAPolicyThatDoesNotFit) {
  const auto executor = executor_of(chain());
  EXPECT_THROW(Engine(executor, {.criterion = Criterion::kConfidence, .thresholds = {0.5}}),
               std::invalid_argument);
  EXPECT_THROW(Engine(executor, confident(0.5, 1.5)), std::invalid_argument);
  EXPECT_THROW(Engine(executor, confident(0.5, 0.5), {.threads = 0}), std::invalid_argument);
}

TEST(Engine, ChecksInputsAsTheExecutorDoesAlsoWhereABatchIsDivided) {
  const Engine engine(executor_of(chain()), confident(0.5, 0.5), {.threads = 2});
  EXPECT_THROW(engine({at::ones({4, kFeatures + 1})}), std::invalid_argument);
  EXPECT_THROW(engine({at::ones({4, kFeatures}, at::kDouble)}), std::invalid_argument);
  EXPECT_THROW(engine({}), std::invalid_argument);
  EXPECT_THROW(engine({at::full({4, kFeatures}, std::numeric_limits<double>::quiet_NaN())}),
               std::invalid_argument);
}

}  // namespace
}  // namespace idn_torch
