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
