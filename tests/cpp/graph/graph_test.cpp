#include "idn/graph/graph.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "idn/graph/segments.h"

namespace idn::graph {
namespace {

const Dimension kB = Dimension::batch();

TensorType floats(Shape shape) { return {DType::kFloat32, std::move(shape)}; }

// Two linear layers, an exit after the first: values 0 input, 1 and 2 weights, 3 hidden, 4 relu, 5 exit1, 6
// final.
GraphBuilder two_exits() {
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({kB, 4})));
  EXPECT_TRUE(builder.add_constant("first.weight", floats({8, 4})));
  EXPECT_TRUE(builder.add_constant("head.weight", floats({3, 8})));
  EXPECT_EQ(builder.add_node("linear", 1, {0, 1}, {}).value(), 3U);
  EXPECT_EQ(builder.add_node("relu", 1, {3}, {}).value(), 4U);
  EXPECT_EQ(builder.add_node("linear", 1, {3, 2}, {}).value(), 5U);
  EXPECT_EQ(builder.add_node("linear", 1, {4, 2}, {}).value(), 6U);
  EXPECT_FALSE(builder.add_exit("exit1", 5));
  EXPECT_FALSE(builder.add_exit("final", 6));
  return builder;
}

Graph graph() { return std::move(two_exits().finish()).or_throw("graph"); }

TEST(Graph, HoldsWhatWasBuilt) {
  const Graph built = graph();
  EXPECT_EQ(built.nodes().size(), 4U);
  EXPECT_EQ(built.values(), 7U);
  EXPECT_EQ(built.type(6).text(), "F32 (B, 3)");
  EXPECT_TRUE(built.is_input(0));
  EXPECT_TRUE(built.is_constant(2));
  EXPECT_EQ(built.constant(2).name, "head.weight");
  EXPECT_EQ(built.operations(2), 2 * (2 * 4 * 8 + 8 + 2 * 2 * 8 * 3));
}

TEST(Graph, IsCutInTimeByItsExits) {
  const auto cut = segments(graph());
  ASSERT_EQ(cut.size(), 2U);
  EXPECT_EQ(cut[0].nodes, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(cut[1].nodes, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(cut[0].live, std::vector<ValueId>{3});
  EXPECT_TRUE(cut[1].live.empty());
  EXPECT_EQ(bytes(graph(), cut[0].live, 5), 5 * 8 * 4);
}

TEST(Graph, TellsTheMostMemoryHeldAtOnce) {
  // input 16, hidden 32: after the first node the input goes; hidden + relu 32 + exit 12, then the last
  // exit 12.
  EXPECT_EQ(peak_bytes(graph(), 1), 32 + 32 + 12);
  EXPECT_EQ(peak_bytes(graph(), 0), 0);
}

// A branch of 100 numbers for the final exit alone is made before the first exit, but run after it.
TEST(Graph, TellsTheMemoryHeldAsTheSegmentsAreRun) {
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({kB, 2})));
  EXPECT_EQ(builder.add_node("relu", 1, {0}, {}).value(), 1U);
  EXPECT_TRUE(builder.add_node("reduce_sum", 1, {1}, {{"axes", std::vector<std::int64_t>{0, 1}}}));  // 2
  EXPECT_TRUE(builder.add_node("expand", 1, {2}, {{"shape", Shape{100}}}));                          // 3
  EXPECT_TRUE(builder.add_node("reduce_sum", 1, {3}, {{"axes", std::vector<std::int64_t>{0}}}));     // 4
  EXPECT_TRUE(builder.add_node("add", 1, {1, 4}, {}));                                               // 5
  EXPECT_FALSE(builder.add_exit("early", 1));
  EXPECT_FALSE(builder.add_exit("final", 5));
  const Graph built = std::move(builder).finish().or_throw("graph");
  // The first exit's two numbers are kept for the caller beside the hundred and the number they are made of.
  EXPECT_EQ(peak_bytes(built, 1), (2 + 1 + 100) * 4);
}

// Sixty-four inputs of 2^31 - 1 numbers a sample: what has stopped being counted is not taken off again.
TEST(Graph, TellsThatMemoryIsCountless) {
  GraphBuilder builder;
  for (int index = 0; index < 64; ++index)
    EXPECT_TRUE(
        builder.add_input(std::string("x").append(std::to_string(index)), floats({kB, Dimension::kMax - 1})));
  ValueId sum = 0;
  for (ValueId input = 1; input < 64; ++input) sum = builder.add_node("maximum", 1, {sum, input}, {}).value();
  EXPECT_FALSE(builder.add_exit("out", sum));
  const Graph built = std::move(builder).finish().or_throw("graph");
  EXPECT_EQ(peak_bytes(built, Dimension::kMax - 1), std::int64_t{1} << 61);
  EXPECT_EQ(peak_bytes(built, 1), 65 * 4 * (Dimension::kMax - 1));
}

TEST(Graph, RefusesNamesThatNoPackageHolds) {
  GraphBuilder builder;
  EXPECT_EQ(builder.add_input("\xc3", floats({kB, 2})).problem().reason, "the name is not UTF-8");
  EXPECT_EQ(builder.add_constant("__metadata__", floats({2})).problem().reason,
            "the name '__metadata__' is that of no tensor");
  EXPECT_LE(builder.add_node(std::string(10000, '\n'), 1, {}, {}).problem().reason.size(), 400U);
}

TEST(Graph, RefusesStepByStep) {
  GraphBuilder builder = two_exits();
  EXPECT_EQ(builder.add_node("relu", 1, {0}, {}).problem().reason, "nodes come before exits");
  GraphBuilder fresh;
  EXPECT_EQ(fresh.add_input("", floats({kB})).problem().reason, "the name is empty");
  EXPECT_TRUE(fresh.add_input("x", floats({kB, 2})));
  EXPECT_EQ(fresh.add_input("x", floats({kB})).problem(), (Problem{1, "the name 'x' is there twice"}));
  EXPECT_EQ(fresh.add_constant("w", floats({kB})).problem().reason,
            "a constant does not grow with the batch");
  EXPECT_TRUE(fresh.add_constant("w", floats({2})));
  EXPECT_FALSE(fresh.add_constant("a", floats({2})));
  EXPECT_EQ(fresh.add_node("relu", 1, {9}, {}).problem(),
            (Problem{0, "value 9 is not there yet; values so far: 2"}));
  EXPECT_EQ(fresh.add_node("system", 1, {0}, {}).problem().reason,
            "there is no operator 'system' of version 1");
  EXPECT_EQ(fresh.add_node("relu", 1, {}, {}).problem().reason, "relu: input 0 (input) is missing");
  EXPECT_EQ(fresh.add_exit("out", 0)->reason, "value 0 is not one that a node gives");
  EXPECT_TRUE(fresh.add_node("reshape", 1, {0}, {{"shape", Shape{2, kB}}}));
  EXPECT_EQ(fresh.add_exit("out", 2)->reason,
            "an exit gives F32 (B, classes) with two classes or more, not F32 (2, B)");
}

TEST(Graph, RefusesWhatNoExitNeeds) {
  EXPECT_EQ(GraphBuilder().finish().problem().reason, "the graph has no input");
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({kB, 2})));
  EXPECT_TRUE(builder.add_constant("w", floats({2})));
  EXPECT_TRUE(builder.add_node("relu", 1, {0}, {}));
  EXPECT_TRUE(builder.add_node("exp", 1, {0}, {}));
  EXPECT_FALSE(builder.add_exit("out", 2));
  GraphBuilder copy = builder;
  EXPECT_EQ(std::move(copy).finish().problem(), (Problem{1, "node 1 (exp) is needed by no exit"}));
  GraphBuilder other;
  EXPECT_TRUE(other.add_input("x", floats({kB, 2})));
  EXPECT_TRUE(other.add_constant("w", floats({2})));
  EXPECT_TRUE(other.add_node("relu", 1, {0}, {}));
  EXPECT_FALSE(other.add_exit("out", 2));
  EXPECT_EQ(std::move(other).finish().problem().reason, "constant 'w' is needed by no exit");
}

}  // namespace
}  // namespace idn::graph
