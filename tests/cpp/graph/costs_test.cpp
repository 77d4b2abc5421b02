#include "idn/graph/costs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace idn::graph {
namespace {

const Dimension kB = Dimension::batch();
using Numbers = std::vector<std::int64_t>;

TensorType floats(Shape shape) { return {DType::kFloat32, std::move(shape)}; }

TEST(Costs, OfSegmentsAreThoseOfTheirNodes) {
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({kB, 4})));
  EXPECT_TRUE(builder.add_constant("head.weight", floats({3, 8})));
  EXPECT_TRUE(builder.add_constant("trunk.weight", floats({8, 4})));
  EXPECT_TRUE(builder.add_node("linear", 1, {0, 2}, {}));  // 3: 8 numbers
  EXPECT_TRUE(builder.add_node("linear", 1, {3, 1}, {}));  // 4: 3 numbers, the first exit
  EXPECT_TRUE(builder.add_node("relu", 1, {3}, {}));       // 5: 8 numbers
  EXPECT_TRUE(builder.add_node("linear", 1, {5, 1}, {}));  // 6: 3 numbers, with the same weight
  EXPECT_FALSE(builder.add_exit("early", 4));
  EXPECT_FALSE(builder.add_exit("last", 6));
  const Graph graph = std::move(builder).finish().or_throw("graph");
  const auto costs = segment_costs(graph, 5);
  ASSERT_EQ(costs.size(), 2U);
  EXPECT_EQ(costs[0],
            (SegmentCost{5 * (2 * 4 * 8 + 2 * 8 * 3), 4 * (8 * 4 + 3 * 8), 4 * 5 * (8 + 3), 4 * 5 * 8}));
  EXPECT_EQ(costs[1], (SegmentCost{5 * (8 + 2 * 8 * 3), 0, 4 * 5 * (8 + 3), 0}));
  const auto each = segment_operations(graph, 5);
  EXPECT_EQ(std::accumulate(each.begin(), each.end(), std::int64_t{0}), graph.operations(5));
  EXPECT_EQ(exit_operations(graph), (Numbers{112, 168}));
}

std::int64_t counted(std::string_view name, const std::vector<TensorType>& inputs, Attributes attributes) {
  const Operator* found = find_operator(name, 1);
  std::vector<const TensorType*> pointers;
  for (const TensorType& input : inputs) pointers.push_back(&input);
  const Types types = apply(*found, pointers, attributes);
  EXPECT_TRUE(types.ok()) << name << ": " << types.reason();
  return found->operations(Call(pointers, attributes), types.types(), 2);
}

Attributes windows(Numbers size, Numbers padding = {0, 0}) {
  return {{"kernel", size}, {"stride", size}, {"padding", padding}};
}

// docs/operations.md, row by row, with the numbers put in by hand; the batch is 2.
TEST(Costs, AreThoseOfThePage) {
  const TensorType image = floats({kB, 4, 6, 6});  // 288 elements
  const Attributes plain{{"stride", Numbers{1, 1}}, {"padding", Numbers{0, 0}}, {"dilation", Numbers{1, 1}}};
  Attributes grouped = plain;
  grouped["groups"] = std::int64_t{2};
  Attributes transposed = grouped;
  transposed["output_padding"] = Numbers{0, 0};
  EXPECT_EQ(counted("pad", {image}, {{"amounts", Numbers{0, 0, 0, 0, 1, 1, 1, 1}}}), 0);
  EXPECT_EQ(counted("gelu", {image}, {}), 288);
  EXPECT_EQ(counted("add", {floats({kB, 1}), floats({7})}, {}), 14);
  EXPECT_EQ(counted("cumulative_sum", {image}, {{"axis", std::int64_t{1}}}), 288);
  EXPECT_EQ(counted("softmax", {image}, {{"axis", std::int64_t{1}}}), 4 * 288);
  EXPECT_EQ(counted("linear", {floats({kB, 3, 5}), floats({7, 5}), floats({7})}, {}), 2 * 42 * 5 + 42);
  EXPECT_EQ(counted("matrix_multiply", {floats({kB, 3, 5}), floats({5, 7})}, {}), 2 * 42 * 5);
  EXPECT_EQ(counted("convolution", {image, floats({8, 2, 3, 3}), floats({8})}, grouped),
            2 * (2 * 8 * 4 * 4) * 2 * 9 + 2 * 8 * 4 * 4);
  EXPECT_EQ(counted("transposed_convolution", {image, floats({4, 3, 3, 3}), floats({6})}, transposed),
            2 * 288 * 3 * 9 + 2 * 6 * 8 * 8);
  const std::int64_t scores = 2 * 3 * 5 * 6;  // batch, heads, queries, keys
  const std::vector<TensorType> attended{floats({kB, 3, 5, 4}), floats({kB, 3, 6, 4}), floats({kB, 3, 6, 7})};
  EXPECT_EQ(counted("attention", attended, {{"scale", 1.0}}), scores * (2 * 4 + 2 * 7 + 5));
  EXPECT_EQ(counted("attention", attended, {{"scale", 1.0}, {"causal", true}}), scores * (2 * 4 + 2 * 7 + 5));
  EXPECT_EQ(counted("attention", {attended[0], attended[1], attended[2], floats({5, 6})}, {{"scale", 1.0}}),
            scores * (2 * 4 + 2 * 7 + 5 + 1));
  EXPECT_EQ(counted("average_pool", {image}, windows({2, 3}, {1, 0})), (2 * 4 * 4 * 2) * 6);
  EXPECT_EQ(counted("adaptive_max_pool", {image}, {{"size", Numbers{2, 2}}}), 288);
  EXPECT_EQ(counted("reduce_mean", {image}, {{"axes", Numbers{2, 3}}}), 288);
  EXPECT_EQ(counted("argmax", {image}, {{"axis", std::int64_t{1}}}), 288);
  EXPECT_EQ(counted("variance", {image}, {{"axes", Numbers{2, 3}}}), 4 * 288);
  const TensorType channels = floats({4});
  EXPECT_EQ(counted("batch_normalization", {image, channels, channels, channels}, {{"epsilon", 0.1}}),
            2 * 288);
  EXPECT_EQ(counted("root_mean_square_normalization", {image}, {{"epsilon", 0.1}, {"axes", std::int64_t{1}}}),
            4 * 288);
  EXPECT_EQ(counted("group_normalization", {image}, {{"epsilon", 0.1}, {"groups", std::int64_t{2}}}),
            8 * 288);
  EXPECT_EQ(counted("instance_normalization", {image, channels}, {{"epsilon", 0.1}}), 8 * 288);
  EXPECT_EQ(counted("layer_normalization", {image}, {{"epsilon", 0.1}, {"axes", std::int64_t{2}}}), 8 * 288);
  EXPECT_EQ(counted("local_response_normalization", {image},
                    {{"size", std::int64_t{3}}, {"alpha", 1.0}, {"beta", 0.75}, {"k", 1.0}}),
            (5 + 3) * 288);
  for (const auto& [mode, neighbours] :
       std::map<std::string, std::int64_t>{{"nearest", 0}, {"bilinear", 4}, {"bicubic", 16}})
    EXPECT_EQ(counted("interpolate", {image}, {{"size", Numbers{3, 5}}, {"mode", mode}}),
              2 * (2 * 4 * 15) * neighbours);
}

// The names between backquotes in the first column of the page's table.
std::map<std::string, int> names_of_the_page() {
  std::ifstream page(std::filesystem::path(IDN_TEST_DATA) / ".." / ".." / "docs" / "operations.md");
  std::map<std::string, int> names;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const std::size_t end = line.find(" | ");
    for (std::size_t at = line.find('`'); at < end; at = line.find('`', at + 1)) {
      const std::size_t close = line.find('`', at + 1);
      ++names[line.substr(at + 1, close - at - 1)];
      at = close;
    }
  }
  return names;
}

TEST(Costs, HaveEveryOperatorOnceOnThePage) {
  std::map<std::string, int> expected;
  for (const Operator& one : operators()) expected[std::string(one.name)] = 1;
  EXPECT_EQ(names_of_the_page(), expected);
}

}  // namespace
}  // namespace idn::graph
