#include "idn_torch/executor.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "graph_of_tensors.h"
#include "idn/core/error.h"

namespace idn_torch {
namespace {

using idn::graph::Dimension;
using idn::graph::DType;
using idn::graph::Shape;

using Integers = std::vector<std::int64_t>;

const Dimension kB = Dimension::batch();

// Rounding of sums in another order, at values near 1.
constexpr double kTolerance = 1e-5;

struct Weights {
  at::Tensor convolution = at::randn({4, 1, 3, 3});
  at::Tensor bias = at::randn({4});
  at::Tensor early = at::randn({3, 64}).mul(0.1);
  at::Tensor late = at::randn({3, 64}).mul(0.1);
};

// Convolution, relu and pool, an exit on that, and an exit on the sum of it and itself.
GraphOfTensors two_exits(const Weights& weights, std::optional<idn::graph::Range> range = std::nullopt) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, 1, 8, 8}, DType::kFloat32, range);
  const auto kernel = graph.constant(weights.convolution);
  const auto bias = graph.constant(weights.bias);
  const auto early = graph.constant(weights.early);
  const auto late = graph.constant(weights.late);
  const auto sums =
      graph.node("convolution", {x, kernel, bias},
                 {{"stride", Integers{1, 1}}, {"padding", Integers{1, 1}}, {"dilation", Integers{1, 1}}});
  const auto pooled = graph.node("max_pool", {graph.node("relu", {sums})},
                                 {{"kernel", Integers{2, 2}},
                                  {"stride", Integers{2, 2}},
                                  {"padding", Integers{0, 0}},
                                  {"dilation", Integers{1, 1}}});
  const auto flat = graph.node("reshape", {pooled}, {{"shape", Shape{kB, 64}}});
  const auto first = graph.node("linear", {flat, early});
  const auto twice = graph.node("add", {flat, flat});
  const auto second = graph.node("linear", {twice, late});
  graph.exit(first);
  graph.exit(second);
  return graph;
}

std::vector<at::Tensor> expected(const Weights& weights, const at::Tensor& x) {
  const at::Tensor sums = at::conv2d(x, weights.convolution, weights.bias, 1, 1);
  const at::Tensor flat = at::max_pool2d(sums.relu(), 2).reshape({x.size(0), 64});
  return {at::linear(flat, weights.early), at::linear(at::add(flat, flat), weights.late)};
}

Executor executor_of(const Weights& weights) { return Executor(two_exits(weights).package()); }

std::string refused(const Executor& executor, const std::vector<at::Tensor>& inputs) {
  try {
    static_cast<void>(executor.run(inputs));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

TEST(Executor, GivesWhatTorchGivesForEveryBatchAndPass) {
  at::manual_seed(0);
  const Weights weights;
  for (const Passes& passes : {Passes{}, Passes::none()}) {
    const Executor executor(two_exits(weights).package(), {.passes = passes});
    for (const std::int64_t batch : {0, 1, 3}) {
      const at::Tensor x = at::randn({batch, 1, 8, 8});
      const auto logits = executor.run({x});
      const auto wanted = expected(weights, x);
      ASSERT_EQ(logits.size(), 2U);
      for (std::size_t exit = 0; exit < 2; ++exit) {
        EXPECT_EQ(logits[exit].sizes(), (at::IntArrayRef{batch, 3}));
        EXPECT_TRUE(logits[exit].allclose(wanted[exit], kTolerance, kTolerance)) << batch << " " << exit;
      }
    }
  }
}

TEST(Executor, RunsExitByExit) {
  at::manual_seed(1);
  const Weights weights;
  const Executor executor = executor_of(weights);
  const at::Tensor x = at::randn({2, 1, 8, 8});
  const auto all = executor.run({x});
  Execution execution = executor.start({x});
  EXPECT_EQ(execution.rows(), 2);
  for (std::size_t exit = 0; exit < 2; ++exit) {
    EXPECT_EQ(execution.done(), exit);
    EXPECT_TRUE(execution.next().equal(all[exit]));
  }
  EXPECT_THROW(execution.next(), std::logic_error);
}

TEST(Executor, ServesManyThreadsAtOnceWithTheSameBits) {
  at::manual_seed(2);
  const Weights weights;
  const Executor executor = executor_of(weights);
  const at::Tensor x = at::randn({2, 1, 8, 8});
  const auto alone = executor.run({x});
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < wrong.size(); ++index) {
    threads.emplace_back([&, index] {
      for (int round = 0; round < 50; ++round) wrong[index] += executor.run({x})[1].equal(alone[1]) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Executor, LeavesTheCallersSettingsAlone) {
  const int threads = at::get_num_threads();
  at::set_num_threads(3);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Weights weights;
  const auto logits = executor_of(weights).run({at::randn({2, 1, 8, 8})});
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_EQ(logits[0].scalar_type(), at::kFloat);
  EXPECT_FALSE(logits[0].requires_grad());
  EXPECT_FALSE(logits[0].is_inference());
  EXPECT_TRUE(at::GradMode::is_enabled());
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::set_num_threads(threads);
}

TEST(Executor, RefusesInputsThatAreNotTheGraphs) {
  const Weights weights;
  const Executor executor(two_exits(weights, idn::graph::Range{-1, 1}).package());
  const at::Tensor x = at::zeros({2, 1, 8, 8});
  const auto says = [&](const std::vector<at::Tensor>& inputs, const std::string& words) {
    const std::string reason = refused(executor, inputs);
    EXPECT_NE(reason.find(words), std::string::npos) << reason;
  };
  says({}, "takes 1 input, 'x', not 0");
  says({x, x}, "takes 1 input, 'x', not 2");
  says({at::Tensor()}, "input 'x' is no tensor");
  says({x.to(at::kDouble)}, "is of Double, expected F32 (B, 1, 8, 8)");
  says({x[0]}, "has 3 dimensions");
  says({at::zeros({2, 2, 8, 8})}, "has the shape (2, 2, 8, 8)");
  says({x.to_sparse()}, "no plain dense tensor");
  says({at::full({2, 1, 8, 8}, std::numeric_limits<float>::quiet_NaN())}, "holds NaN");
  says({at::full({2, 1, 8, 8}, 1.5)}, "holds 1.5, expected values from -1 to 1");
  says({at::full({2, 1, 8, 8}, -std::numeric_limits<float>::infinity())}, "holds -inf");
  EXPECT_EQ(refused(executor, {x}), "");
}

TEST(Executor, RefusesTwoBatchesAtOnce) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, 3});
  const auto y = graph.input("y", {{2, 1}, 3});
  const auto rows = graph.node("reduce_sum", {y}, {{"axes", Integers{0}}});
  graph.exit(graph.node("add", {x, rows}));
  const Executor executor(graph.package());
  EXPECT_EQ(executor.run({at::zeros({2, 3}), at::full({5, 3}, 1.0)})[0][0][0].item().toFloat(), 5);
  EXPECT_NE(refused(executor, {at::zeros({2, 3}), at::zeros({4, 3})}).find("with a batch B of 0 or more"),
            std::string::npos);
  EXPECT_NE(refused(executor, {at::zeros({2, 3}), at::zeros({7, 3})}).find("with the batch B = 2"),
            std::string::npos);
}

TEST(Executor, GivesLogitsThatAreTheCallersAlone) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, 2});
  const auto table = graph.constant(at::randn({2}));
  const auto same = graph.node("reshape", {x}, {{"shape", Shape{kB, 2}}});
  const auto copies = graph.node("expand", {table}, {{"shape", Shape{kB, 2}}});
  const auto sum = graph.node("add", {same, copies});
  graph.exit(same);
  graph.exit(copies);
  graph.exit(sum);
  graph.exit(sum);
  const Executor executor(graph.package());
  const at::Tensor given = at::randn({3, 2});
  const at::Tensor before = given.clone();
  const auto first = executor.run({given});
  Execution execution = executor.start({given});
  for (std::size_t exit = 0; exit < first.size(); ++exit) {
    at::Tensor logits = execution.next();
    EXPECT_TRUE(logits.equal(first[exit])) << exit;
    logits.fill_(7);
  }
  EXPECT_TRUE(given.equal(before));
  EXPECT_TRUE(executor.run({given})[1].equal(first[1]));
}

TEST(Executor, RefusesAnIndexOutOfRangeByTheNode) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB}, DType::kInt64);
  const auto table = graph.constant(at::randn({4, 2}));
  graph.exit(graph.node("embedding", {x, table}));
  const Executor executor(graph.package());
  EXPECT_EQ(executor.run({at::full({3}, 3, at::kLong)})[0].size(0), 3);
  for (const std::int64_t index : {-1, 4}) {
    try {
      static_cast<void>(executor.run({at::full({3}, index, at::kLong)}));
      FAIL() << index;
    } catch (const idn::ExecutionError& error) {
      EXPECT_EQ(std::string(error.what()),
                "node 0 (embedding): an index is " + std::to_string(index) + ", expected 0 to 3");
    }
  }
}

TEST(Executor, GoesOnWithSomeOfTheSamples) {
  at::manual_seed(3);
  const Weights weights;
  for (const Passes& passes : {Passes{}, Passes::none()}) {
    const Executor executor(two_exits(weights).package(), {.passes = passes});
    const at::Tensor x = at::randn({5, 1, 8, 8});
    const auto all = executor.run({x});
    Execution execution = executor.start({x});
    EXPECT_TRUE(execution.can_keep());
    // Products of matrices are summed in an order that depends on how many rows they have.
    execution.keep({0, 2, 3, 4});
    EXPECT_TRUE(
        execution.next().allclose(all[0].index_select(0, at::tensor({0, 2, 3, 4})), kTolerance, kTolerance));
    EXPECT_THROW(execution.keep({1, 0}), std::invalid_argument);
    EXPECT_THROW(execution.keep({4}), std::invalid_argument);
    execution.keep({1, 3});
    EXPECT_EQ(execution.rows(), 2);
    EXPECT_TRUE(
        execution.next().allclose(all[1].index_select(0, at::tensor({2, 4})), kTolerance, kTolerance));
  }
}

TEST(Executor, KeepsAllSamplesWhereTheyAreMixed) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, 2});
  const auto sum = graph.node("reduce_sum", {x}, {{"axes", Integers{0}}});
  const auto early = graph.node("relu", {x});
  const auto late = graph.node("add", {x, sum});
  graph.exit(early);
  graph.exit(late);
  Execution execution = Executor(graph.package()).start({at::randn({3, 2})});
  execution.next();
  EXPECT_FALSE(execution.can_keep());
  EXPECT_THROW(execution.keep({0}), std::invalid_argument);
}

TEST(Executor, GoesOnWithAllBlocksOfASample) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {kB, 2, 3});
  const auto rows = graph.node("reshape", {x}, {{"shape", Shape{{2, 0}, 3}}});
  const auto twice = graph.node("add", {rows, rows});
  const auto early = graph.node("reshape", {rows}, {{"shape", Shape{kB, 6}}});
  const auto late = graph.node("reshape", {twice}, {{"shape", Shape{kB, 6}}});
  graph.exit(early);
  graph.exit(late);
  const at::Tensor given = at::randn({4, 2, 3});
  Execution execution = Executor(graph.package()).start({given});
  execution.next();
  ASSERT_TRUE(execution.can_keep());
  execution.keep({1, 3});
  EXPECT_TRUE(execution.next().equal(given.index_select(0, at::tensor({1, 3})).mul(2).reshape({2, 6})));
}

// An accelerator that torch is built for, where there is none: as CUDA without a graphics card.
struct NoAccelerator final : c10::impl::NoOpDeviceGuardImpl<c10::DeviceType::MTIA> {
  [[nodiscard]] c10::DeviceIndex deviceCount() const noexcept override { return 0; }
};

C10_REGISTER_GUARD_IMPL(MTIA, NoAccelerator);

TEST(Executor, RefusesADeviceThatIsNotThere) {
  const Weights weights;
  for (const char* const missing : {"mtia", "mtia:0"}) {
    try {
      const Executor made(two_exits(weights).package(), {.device = at::Device(missing)});
      FAIL() << missing << " was taken";
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()),
                "device is " + std::string(missing) + ", expected cpu; torch sees no mtia device here.");
    }
  }
  EXPECT_THROW(Executor(two_exits(weights).package(), {.device = at::Device("meta")}), std::invalid_argument);
  EXPECT_THROW(Executor(two_exits(weights).package(), {.device = at::Device("cuda:99")}),
               std::invalid_argument);
}

}  // namespace
}  // namespace idn_torch
