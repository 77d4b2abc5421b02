#include "idn/graph/limits.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include "idn/graph/segments.h"

namespace idn::graph {
namespace {

const Dimension kB = Dimension::batch();

TensorType floats(Shape shape) { return {DType::kFloat32, std::move(shape)}; }

// 8 numbers in, 4 in between, 2 out of each sample.
Graph small() {
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({kB, 8})));
  EXPECT_TRUE(builder.add_constant("v", floats({4, 8})));
  EXPECT_TRUE(builder.add_constant("w", floats({2, 4})));
  EXPECT_TRUE(builder.add_node("linear", 1, {0, 1}, {}));
  EXPECT_TRUE(builder.add_node("linear", 1, {3, 2}, {}));
  EXPECT_FALSE(builder.add_exit("out", 4));
  return std::move(builder).finish().or_throw("graph");
}

// A sample attends to all others, so operations grow with the square of the batch.
Graph quadratic() {
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({1, kB, 4})));
  EXPECT_TRUE(builder.add_node("attention", 1, {0, 0, 0}, {{"scale", 1.0}}));
  EXPECT_TRUE(builder.add_node("reshape", 1, {1}, {{"shape", Shape{kB, 4}}}));
  EXPECT_FALSE(builder.add_exit("out", 2));
  return std::move(builder).finish().or_throw("graph");
}

TEST(Limits, NameWhatIsAboveThem) {
  const Graph graph = small();
  EXPECT_EQ(over_limits(graph, {}, 1000), "");
  EXPECT_EQ(over_limits(graph, {.operations = 799}, 10),
            "the graph does 800 operations at a batch of 10, above the limit of 799");
  EXPECT_EQ(over_limits(graph, {.peak_bytes = 479}, 10),
            "the graph holds 480 bytes at once at a batch of 10, above the limit of 479");
  EXPECT_EQ(over_limits(graph, {.tensor_bytes = 319}, 10),
            "value 0, F32 (B, 8), has 320 bytes at a batch of 10, above the limit of 319");
  EXPECT_EQ(over_limits(graph, {.tensor_bytes = 100}, 0),
            "value 1, F32 (4, 8), has 128 bytes at a batch of 0, above the limit of 100")
      << "a constant has a size at any batch";
  EXPECT_THROW((void)over_limits(graph, {}, -1), std::invalid_argument);
  EXPECT_THROW((void)over_limits(graph, {}, Dimension::kMax), std::invalid_argument);
}

TEST(Limits, HoldForEveryNumberThatCanBeCountedAlone) {
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  const Limits none{.operations = kAny, .peak_bytes = kAny, .tensor_bytes = kAny};
  EXPECT_EQ(over_limits(quadratic(), none, Dimension::kMax - 1),
            "the graph does uncountably many operations at a batch of 2147483647, above the limit "
            "of 9223372036854775807");
  EXPECT_EQ(max_batch(small(), none), Dimension::kMax - 1);
}

TEST(Limits, GiveTheLargestBatch) {
  std::mt19937 generator(2);
  const auto random = [&generator] { return static_cast<std::int64_t>(generator()); };
  for (const Graph& graph : {small(), quadratic()}) {
    for (int trial = 0; trial < 200; ++trial) {
      const std::int64_t most = std::int64_t{1} << (7 + random() % 30);
      const Limits limits{.operations = 1 + random() % most,
                          .peak_bytes = 1 + random() % most,
                          .tensor_bytes = 256 + random() % most};
      const std::int64_t batch = max_batch(graph, limits);
      ASSERT_GE(batch, 0);
      EXPECT_LE(graph.operations(batch), limits.operations);
      EXPECT_LE(peak_bytes(graph, batch), limits.peak_bytes);
      EXPECT_LE(bytes(graph, {0}, batch), limits.tensor_bytes);
      const bool larger = graph.operations(batch + 1) <= limits.operations &&
                          peak_bytes(graph, batch + 1) <= limits.peak_bytes &&
                          bytes(graph, {0}, batch + 1) <= limits.tensor_bytes;
      EXPECT_FALSE(larger) << batch;
    }
  }
  EXPECT_EQ(max_batch(small(), {.tensor_bytes = 127}), -1) << "its weights alone are larger";
  EXPECT_EQ(max_batch(small(), {.operations = 79}), 0);
  EXPECT_EQ(max_batch(small(), {.operations = 80}), 1);
}

}  // namespace
}  // namespace idn::graph
