#include "idn/graph/operator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "idn/graph/operators/rules.h"

namespace idn::graph {
namespace {

const Dimension kB = Dimension::batch();
using Numbers = std::vector<std::int64_t>;

TensorType floats(Shape shape) { return {DType::kFloat32, std::move(shape)}; }
TensorType indices(Shape shape) { return {DType::kInt64, std::move(shape)}; }
TensorType booleans(Shape shape) { return {DType::kBool, std::move(shape)}; }

Types applied(const Operator& row, const std::vector<TensorType>& inputs, Attributes attributes = {}) {
  std::vector<const TensorType*> pointers;
  for (const TensorType& input : inputs) pointers.push_back(&input);
  return apply(row, pointers, attributes);
}

Types applied(std::string_view name, const std::vector<TensorType>& inputs, Attributes attributes = {}) {
  const Operator* found = find_operator(name, 1);
  EXPECT_NE(found, nullptr) << name;
  return applied(*found, inputs, std::move(attributes));
}

std::int64_t operations(std::string_view name, const std::vector<TensorType>& inputs, Attributes attributes,
                        std::int64_t batch) {
  const Operator* found = find_operator(name, 1);
  std::vector<const TensorType*> pointers;
  for (const TensorType& input : inputs) pointers.push_back(&input);
  const Types types = apply(*found, pointers, attributes);
  EXPECT_TRUE(types.ok()) << types.reason();
  return found->operations(Call(pointers, attributes), types.types(), batch);
}

void expect_gives(std::string_view name, const std::vector<TensorType>& inputs, Attributes attributes,
                  const TensorType& expected) {
  const Types types = applied(name, inputs, std::move(attributes));
  ASSERT_TRUE(types.ok()) << name << ": " << types.reason();
  ASSERT_EQ(types.types().size(), 1U);
  EXPECT_EQ(types.types()[0], expected) << name << ": " << types.types()[0].text();
}

void expect_refuses(std::string_view name, const std::vector<TensorType>& inputs, Attributes attributes,
                    std::string_view part) {
  const Types types = applied(name, inputs, std::move(attributes));
  ASSERT_FALSE(types.ok()) << name << " took it";
  EXPECT_NE(types.reason().find(part), std::string::npos) << name << ": " << types.reason();
}

Attributes convolution(Numbers stride, Numbers padding, Numbers dilation = {1, 1}, std::int64_t groups = 1) {
  return {{"stride", stride}, {"padding", padding}, {"dilation", dilation}, {"groups", groups}};
}

TEST(Operators, AreSortedAndEachHasAllItsParts) {
  std::set<std::pair<std::string_view, int>> seen;
  for (const Operator& one : operators()) {
    EXPECT_TRUE(seen.insert({one.name, one.version}).second) << one.name;
    EXPECT_NE(one.types, nullptr);
    EXPECT_NE(one.operations, nullptr);
    EXPECT_TRUE(one.summary.ends_with('.')) << one.name;
    EXPECT_FALSE(one.inputs.empty());
    EXPECT_EQ(find_operator(one.name, one.version), &one);
  }
  EXPECT_GE(operators().size(), 70U);
  EXPECT_TRUE(std::ranges::is_sorted(operators(), {}, &Operator::name));
  EXPECT_EQ(find_operator("relu", 2), nullptr);
  EXPECT_EQ(find_operator("eval", 1), nullptr);
}

TEST(Operators, GiveTheShapesOfTheirPyTorchTwins) {
  expect_gives("add", {floats({kB, 3}), floats({3})}, {}, floats({kB, 3}));
  expect_gives("less", {floats({kB, 3}), floats({1})}, {}, booleans({kB, 3}));
  expect_gives("select", {booleans({kB, 1}), floats({3}), floats({1})}, {}, floats({kB, 3}));
  expect_gives("cast", {floats({kB})}, {{"dtype", std::string("I64")}}, indices({kB}));
  expect_gives("softmax", {floats({kB, 3})}, {{"axis", std::int64_t{1}}}, floats({kB, 3}));
  expect_gives("convolution", {floats({kB, 3, 32, 32}), floats({8, 3, 5, 5}), floats({8})},
               convolution({2, 1}, {2, 0}), floats({kB, 8, 16, 28}));
  expect_gives("convolution", {floats({kB, 4, 9}), floats({8, 2, 3})},
               {{"stride", Numbers{1}},
                {"padding", Numbers{0}},
                {"dilation", Numbers{2}},
                {"groups", std::int64_t{2}}},
               floats({kB, 8, 5}));
  Attributes transposed = convolution({2, 2}, {1, 1});
  transposed["output_padding"] = Numbers{1, 1};
  expect_gives("transposed_convolution", {floats({kB, 4, 5, 5}), floats({4, 6, 3, 3})}, transposed,
               floats({kB, 6, 10, 10}));
  expect_gives("linear", {floats({kB, 7, 5}), floats({4, 5}), floats({4})}, {}, floats({kB, 7, 4}));
  expect_gives("matrix_multiply", {floats({kB, 2, 3, 4}), floats({4, 5})}, {}, floats({kB, 2, 3, 5}));
  expect_gives("max_pool", {floats({kB, 3, 16, 16})},
               {{"kernel", Numbers{3, 3}},
                {"stride", Numbers{2, 2}},
                {"padding", Numbers{0, 0}},
                {"dilation", Numbers{1, 1}},
                {"ceil", true}},
               floats({kB, 3, 8, 8}));
  expect_gives("adaptive_average_pool", {floats({kB, 3, 7, 9})}, {{"size", Numbers{2, 1}}},
               floats({kB, 3, 2, 1}));
  expect_gives("attention", {floats({kB, 4, 6, 8}), floats({kB, 4, 5, 8}), floats({kB, 4, 5, 3})},
               {{"scale", 0.5}}, floats({kB, 4, 6, 3}));
  expect_gives("embedding", {indices({kB, 9}), floats({100, 8})}, {}, floats({kB, 9, 8}));
  expect_gives("gather", {floats({kB, 9}), indices({2})}, {{"axis", std::int64_t{1}}}, floats({kB, 2}));
  expect_gives("concatenate", {floats({kB, 3}), floats({kB, 4})}, {{"axis", std::int64_t{1}}},
               floats({kB, 7}));
  expect_gives("slice", {floats({kB, 9})},
               {{"axis", std::int64_t{1}},
                {"start", std::int64_t{1}},
                {"stop", std::int64_t{8}},
                {"step", std::int64_t{3}}},
               floats({kB, 3}));
  expect_gives("reshape", {floats({kB, 3, 4})}, {{"shape", Shape{Dimension(2, 0), 6}}},
               floats({Dimension(2, 0), 6}));
  expect_gives("expand", {floats({1, 3})}, {{"shape", Shape{kB, 3}}}, floats({kB, 3}));
  expect_gives("permute", {floats({kB, 3, 4})}, {{"order", Numbers{2, 0, 1}}}, floats({4, kB, 3}));
  expect_gives("pad", {floats({kB, 3})}, {{"amounts", Numbers{0, 0, 1, 2}}}, floats({kB, 6}));
  expect_gives("tile", {floats({kB, 3})}, {{"times", Numbers{2, 3}}}, floats({Dimension(2, 0), 9}));
  expect_gives("pixel_shuffle", {floats({kB, 8, 3, 3})}, {{"factor", std::int64_t{2}}},
               floats({kB, 2, 6, 6}));
  expect_gives("reduce_mean", {floats({kB, 3, 4})}, {{"axes", Numbers{1, 2}}}, floats({kB}));
  expect_gives("reduce_sum", {floats({kB, 3, 4})}, {{"axes", Numbers{0, 2}}, {"keep", true}},
               floats({1, 3, 1}));
  expect_gives("argmax", {floats({kB, 3})}, {{"axis", std::int64_t{1}}}, indices({kB}));
  expect_gives("interpolate", {floats({kB, 3, 4, 4})},
               {{"size", Numbers{8, 6}}, {"mode", std::string("bilinear")}}, floats({kB, 3, 8, 6}));
  expect_gives("batch_normalization", {floats({kB, 3, 4}), floats({3}), floats({3})}, {{"epsilon", 1e-5}},
               floats({kB, 3, 4}));
  expect_gives("layer_normalization", {floats({kB, 3, 4}), floats({3, 4})},
               {{"axes", std::int64_t{2}}, {"epsilon", 1e-5}}, floats({kB, 3, 4}));
}

TEST(Operators, RefuseWhatPyTorchWouldNotCheckOrTrapOn) {
  expect_refuses("batch_normalization", {floats({kB, 3, 4}), floats({2}), floats({3})}, {{"epsilon", 1e-5}},
                 "input 1 (mean) has the shape (2)");
  expect_refuses("batch_normalization", {floats({kB, 3, 4}), floats({3}), floats({3})}, {{"epsilon", -1.0}},
                 "epsilon is -1");
  expect_refuses("divide", {indices({kB}), indices({kB})}, {}, "is I64, expected F32, F16 or BF16");
  expect_refuses("embedding", {floats({kB}), floats({3, 3})}, {}, "is F32, expected I64 or I32");
  expect_refuses("embedding", {indices({kB}), floats({0, 3})}, {}, "input 1 (table)");
  expect_refuses("convolution", {floats({kB, 3, 4, 4}), floats({8, 3, 5, 5})}, convolution({1, 1}, {0, 0}),
                 "the kernel reaches over 5");
  expect_refuses("convolution", {floats({kB, 3, 8, 8}), floats({8, 3, 3, 3})}, convolution({0, 1}, {0, 0}),
                 "'stride' holds 0, expected from 1");
  expect_refuses("convolution", {floats({kB, 3, 8, 8}), floats({8, 3, 3, 3})}, convolution({1}, {0, 0}),
                 "stride is [1]");
  expect_refuses("convolution", {floats({kB, 3, 8, 8}), floats({8, 3, 3, 3})},
                 convolution({1, 1}, {0, 0}, {1, 1}, 3), "8 output channels");
  expect_refuses("convolution", {floats({kB, 3, 8, kB}), floats({8, 3, 3, 3})}, convolution({1, 1}, {0, 0}),
                 "sizes that don't grow");
  expect_refuses("max_pool", {floats({kB, 3, 8, 8})},
                 {{"kernel", Numbers{2, 2}},
                  {"stride", Numbers{1, 1}},
                  {"padding", Numbers{2, 0}},
                  {"dilation", Numbers{1, 1}}},
                 "above half the kernel");
  expect_refuses("reduce_max", {floats({kB, 3})}, {{"axes", Numbers{0}}}, "may be empty");
  expect_refuses("argmax", {floats({kB, 0})}, {{"axis", std::int64_t{1}}}, "may be empty");
  expect_refuses("permute", {floats({kB, 3})}, {{"order", Numbers{0, 0}}}, "no order of the axes");
  expect_refuses("permute", {floats({kB, 3})}, {{"order", Numbers{}}}, "no order of the axes");
  expect_refuses("average_pool", {floats({kB, 1, 4, 4, 2})},
                 {{"kernel", Numbers{2, 2, 3}}, {"stride", Numbers{1, 1, 1}}, {"padding", Numbers{1, 1, 1}}},
                 "a window of 3 elements is larger than axis 4");
  expect_refuses("permute", {floats({kB, 3})}, {{"order", Numbers{7, 0}}}, "no order of the axes");
  expect_refuses("reshape", {floats({kB, 3})}, {{"shape", Shape{3}}}, "not as many elements");
  expect_refuses("slice", {floats({kB, 3})},
                 {{"axis", std::int64_t{1}}, {"start", std::int64_t{0}}, {"stop", std::int64_t{4}}},
                 "not within axis 1");
  expect_refuses("slice", {floats({kB, 3})},
                 {{"axis", std::int64_t{0}}, {"start", std::int64_t{0}}, {"stop", std::int64_t{1}}},
                 "grows with the batch");
  expect_refuses("softmax", {floats({})}, {{"axis", std::int64_t{0}}}, "axis 0 is not one of");
  expect_refuses("matrix_multiply", {floats({kB, 3}), floats({3, kB})}, {}, "square of the batch");
  expect_refuses("attention", {floats({kB, 4, 8}), floats({kB, 4, 8}), floats({kB, 4, 8}), floats({5, 4})},
                 {{"scale", 1.0}}, "input 3 (mask)");
}

TEST(Operators, CheckAttributesBeforeAnythingElse) {
  expect_refuses("elu", {floats({kB})}, {{"alpha", std::numeric_limits<double>::quiet_NaN()}},
                 "'alpha' is not finite");
  expect_refuses("elu", {floats({kB})}, {{"alpha", std::int64_t{1}}},
                 "'alpha' is a integer, expected a number");
  expect_refuses("elu", {floats({kB})}, {{"beta", 1.0}}, "takes no attribute 'beta'");
  expect_refuses("cast", {floats({kB})}, {{"dtype", std::string("F64")}}, "'dtype' is not one of F32");
  expect_refuses("cast", {floats({kB})}, {}, "attribute 'dtype' is missing");
  expect_refuses("relu", {}, {}, "input 0 (input) is missing");
  expect_refuses("relu", {floats({kB}), floats({kB})}, {}, "takes 1 inputs, not 2");
  expect_refuses("concatenate", {}, {{"axis", std::int64_t{0}}}, "input 0 (inputs) is missing");
  expect_refuses("tile", {floats({kB})}, {{"times", Numbers(9, 1)}}, "'times' has 9 entries");
}

TEST(Operators, CountAMultiplyAddAsTwo) {
  const TensorType input = floats({kB, 3, 32, 32});
  EXPECT_EQ(operations("convolution", {input, floats({8, 3, 5, 5})}, convolution({1, 1}, {2, 2}), 2),
            2LL * 2 * 8 * 32 * 32 * 75);
  EXPECT_EQ(
      operations("convolution", {input, floats({8, 3, 5, 5}), floats({8})}, convolution({1, 1}, {2, 2}), 1),
      2LL * 8 * 32 * 32 * 75 + 8 * 32 * 32);
  EXPECT_EQ(operations("linear", {floats({kB, 5}), floats({4, 5}), floats({4})}, {}, 3), 3 * (2 * 4 * 5 + 4));
  EXPECT_EQ(operations("matrix_multiply", {floats({kB, 3, 4}), floats({4, 5})}, {}, 2), 2 * 2 * 3 * 4 * 5);
  EXPECT_EQ(operations("relu", {input}, {}, 0), 0);
  EXPECT_EQ(operations("reshape", {input}, {{"shape", Shape{kB, 3072}}}, 5), 0);
}

TEST(Operators, StopCountingBeforeTheyOverflow) {
  const std::int64_t most = operations(
      "matrix_multiply", {floats({kB, 1 << 15, 1 << 15}), floats({1 << 15, 1 << 15})}, {}, Dimension::kMax);
  EXPECT_GT(most, std::int64_t{1} << 60);
}

// Rows as those of a DDNN's binary layers could be (Figure 4.3): eight signs of +1 or -1 to a byte.
constexpr std::int64_t kToAByte = 8;

Operator binarize() {
  return {.name = "binarize",
          .summary = "Signs along the last axis, packed.",
          .inputs = {{"input", kFloats}},
          .types = [](const Call& call) -> Types {
            Shape shape = call.shape(0);
            if (shape.empty() || !shape.back().is_fixed())
              return Types::refused(rules::wrong_rank(call, 0, "input", "a fixed last size"));
            shape.back() = (shape.back().fixed + kToAByte - 1) / kToAByte;
            return TensorType{DType::kUint8, shape};
          },
          .operations = [](const Call& call, std::span<const TensorType>,
                           std::int64_t batch) { return rules::count(call.shape(0), batch); }};
}

Operator binary_linear() {
  return {.name = "binary_linear",
          .summary = "Packed signs times packed signs (out, in / 8), scaled.",
          .inputs = {{"input", {DType::kUint8}},
                     {"weight", {DType::kUint8}},
                     {.name = "scale", .dtypes = kFloats, .optional = true}},
          .attributes = {{.name = "features", .kind = AttributeKind::kInteger, .least = 1}},
          .types = [](const Call& call) -> Types {
            const Dimension bytes = (call.integer("features") + kToAByte - 1) / kToAByte;
            const Shape& weight = call.shape(1);
            if (call.shape(0) != Shape{kB, bytes} || weight.size() != 2 || weight[1] != bytes)
              return Types::refused("not of " + std::to_string(call.integer("features")) + " features");
            if (call.has(2) && call.shape(2) != Shape{weight[0]})
              return Types::refused(rules::wrong_rank(call, 2, "scale", to_string(Shape{weight[0]})));
            return TensorType{DType::kFloat32, {kB, weight[0]}};
          },
          .operations =
              [](const Call& call, std::span<const TensorType> outputs, std::int64_t batch) {
                const std::int64_t elements = rules::count(outputs[0].shape, batch);
                return rules::plus(rules::times(2 * call.integer("features"), elements),
                                   call.has(2) ? elements : 0);
              }};
}

TEST(Operators, OfBinaryLayersAreRowsLikeTheOthers) {
  const TensorType input = floats({kB, 20});
  const Types packed = applied(binarize(), {input});
  ASSERT_TRUE(packed.ok()) << packed.reason();
  const TensorType signs{DType::kUint8, {kB, 3}};
  EXPECT_EQ(packed.types()[0], signs);
  EXPECT_NE(applied(binarize(), {floats({3, kB})}).reason().find("a fixed last size"), std::string::npos);

  const TensorType weight{DType::kUint8, {10, 3}};
  const TensorType scale = floats({10});
  const Attributes of_20{{"features", std::int64_t{20}}};
  for (const auto& given : {std::vector{signs, weight}, std::vector{signs, weight, scale}}) {
    const Types logits = applied(binary_linear(), given, of_20);
    ASSERT_TRUE(logits.ok()) << logits.reason();
    EXPECT_EQ(logits.types()[0], floats({kB, 10}));
  }
  const auto reason = [&](const TensorType& first, std::int64_t features) {
    return applied(binary_linear(), {first, weight}, {{"features", features}}).reason();
  };
  EXPECT_EQ(reason(signs, 25), "not of 25 features");
  EXPECT_NE(reason(signs, 0).find("features"), std::string::npos);
  EXPECT_NE(reason(floats({kB, 3}), 20).find("input 0 (input) is F32, expected U8"), std::string::npos);

  const std::vector<const TensorType*> whole{&input};
  const Attributes none;
  EXPECT_EQ(binarize().operations(Call(whole, none), packed.types(), 3), 3 * 20);
  const std::vector<const TensorType*> scaled{&signs, &weight, &scale};
  const TensorType logits = floats({kB, 10});
  EXPECT_EQ(binary_linear().operations(Call(scaled, of_20), {&logits, 1}, 3), 3 * (2 * 20 * 10 + 10));
}

}  // namespace
}  // namespace idn::graph
