#include "idn/graph/dimension.h"

#include <gtest/gtest.h>

namespace idn::graph {
namespace {

const Dimension kB = Dimension::batch();

TEST(Dimension, AddsMultipliesAndDividesForEveryBatch) {
  for (const Dimension one : {Dimension(0), Dimension(6), Dimension(2, 0), Dimension(4, 6)}) {
    for (const Dimension other : {Dimension(1), Dimension(2), Dimension(1, 0), Dimension(1, 1)}) {
      const auto sum = add(one, other);
      const auto product = multiply(one, other);
      const auto quotient = divide(one, other);
      for (const std::int64_t batch : {0, 1, 2, 7}) {
        if (sum) {
          EXPECT_EQ(sum->at(batch), one.at(batch) + other.at(batch));
        }
        if (product) {
          EXPECT_EQ(product->at(batch), one.at(batch) * other.at(batch));
        }
        if (quotient) {
          EXPECT_EQ(quotient->at(batch) * other.at(batch), one.at(batch));
        }
      }
    }
  }
  EXPECT_EQ(divide(Dimension(4, 6), 2), Dimension(2, 3));
  EXPECT_EQ(divide(Dimension(4, 0), kB), Dimension(4));
}

TEST(Dimension, GivesNothingWhereThereIsNoSuchSize) {
  EXPECT_FALSE(multiply(kB, kB));
  EXPECT_FALSE(multiply(Dimension::kMax - 1, 2));
  EXPECT_FALSE(add(Dimension::kMax - 1, 1));
  EXPECT_FALSE(divide(Dimension(3), 2));
  EXPECT_FALSE(divide(Dimension(2, 1), 2));
  EXPECT_FALSE(divide(Dimension(3), 0));
  EXPECT_FALSE(divide(Dimension(2, 2), Dimension(1, 1)));
  EXPECT_FALSE(divide(Dimension(3), kB));
}

TEST(Dimension, CountsElements) {
  EXPECT_EQ(elements({}), Dimension(1));
  EXPECT_EQ(elements({kB, 3, 4}), Dimension(12, 0));
  EXPECT_EQ(elements({0, Dimension::kMax - 1, Dimension::kMax - 1}), Dimension(0));
  EXPECT_FALSE(elements({kB, kB}));
  EXPECT_FALSE(elements({65536, 65536}));
}

TEST(Dimension, IsShownAsPeopleWriteIt) {
  EXPECT_EQ(to_string({kB, 3, Dimension(2, 1), Dimension(2, 0)}), "(B, 3, 2B+1, 2B)");
  EXPECT_EQ(to_string(Shape{}), "()");
}

TEST(Dimension, BroadcastsAsPyTorchDoes) {
  EXPECT_EQ(broadcast({kB, 3, 1}, {4}), (Shape{kB, 3, 4}));
  EXPECT_EQ(broadcast({1, 3}, {kB, 1}), (Shape{kB, 3}));
  EXPECT_EQ(broadcast({}, {kB, 2}), (Shape{kB, 2}));
  EXPECT_EQ(broadcast({0}, {1}), Shape{0});
  EXPECT_FALSE(broadcast({kB}, {3}));
  EXPECT_FALSE(broadcast({2}, {3}));
}

}  // namespace
}  // namespace idn::graph
