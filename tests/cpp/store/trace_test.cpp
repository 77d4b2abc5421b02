#include "idn/store/trace.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "idn/core/error.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

struct Batch {
  TraceShape shape;
  std::vector<float> logits;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> index;

  explicit Batch(TraceShape size, float first = 0)
      : shape(size),
        logits(size.samples * size.exits * size.classes),
        labels(size.samples),
        index(size.samples) {
    for (float& logit : logits) logit = first++;
    for (std::size_t i = 0; i < labels.size(); ++i)
      index[i] = 10 + static_cast<std::int64_t>(labels[i] = i % 3);
  }
  TraceBatch view() const { return {shape, logits, labels, index}; }
};

TEST(Trace, BatchesOfSplitsThatAlternateComeBackJoined) {
  const TemporaryFolder folder;
  TraceWriter writer(folder / "t.h5", {{"model", "b_lenet"}});
  const Batch first({5, 3, 10});
  const Batch second({7, 3, 10}, 1000);
  writer.append("test", first.view());
  writer.append("validation", second.view());
  writer.append("test", second.view());
  writer.append("test", Batch({0, 3, 10}).view());
  writer.commit();

  TraceReader reader(folder / "t.h5");
  EXPECT_EQ(reader.splits(), (std::vector<std::string>{"test", "validation"}));
  EXPECT_EQ(reader.attributes(), (Attributes{{"model", "b_lenet"}}));
  Batch read({12, 3, 10});
  ASSERT_EQ(reader.shape("test").samples, 12U);
  reader.read("test", read.logits, read.labels, read.index);
  EXPECT_TRUE(std::equal(first.logits.begin(), first.logits.end(), read.logits.begin()));
  EXPECT_TRUE(std::equal(second.logits.begin(), second.logits.end(), read.logits.begin() + 150));
  EXPECT_TRUE(std::equal(second.labels.begin(), second.labels.end(), read.labels.begin() + 5));
  EXPECT_TRUE(std::equal(second.index.begin(), second.index.end(), read.index.begin() + 5));
}

TEST(Trace, KeepsNanAndInfinityBitForBit) {
  const TemporaryFolder folder;
  Batch batch({1, 1, 3});
  batch.logits = {std::nanf("7"), -std::numeric_limits<float>::infinity(), -0.0F};
  TraceWriter writer(folder / "t.h5");
  writer.append("test", batch.view());
  writer.commit();
  Batch read({1, 1, 3});
  TraceReader(folder / "t.h5").read("test", read.logits, read.labels, read.index);
  EXPECT_EQ(std::memcmp(read.logits.data(), batch.logits.data(), 12), 0);
}

TEST(Trace, ABatchThatDoesNotFitIsTheCallersMistake) {
  const TemporaryFolder folder;
  TraceWriter writer(folder / "t.h5");
  writer.append("test", Batch({5, 3, 10}).view());
  EXPECT_THROW(writer.append("test", Batch({5, 2, 10}).view()), std::invalid_argument);
  EXPECT_THROW(writer.append("a/b", Batch({5, 3, 10}).view()), std::invalid_argument);
  EXPECT_THROW(writer.append("", Batch({5, 3, 10}).view()), std::invalid_argument);
  EXPECT_THROW(writer.append("other", Batch({5, 0, 10}).view()), std::invalid_argument);
  Batch short_labels({5, 3, 10});
  short_labels.labels.pop_back();
  EXPECT_THROW(writer.append("test", short_labels.view()), std::invalid_argument);
}

TEST(Trace, AFileOfArraysIsNotOneOfTraces) {
  const TemporaryFolder folder;
  Writer(folder / "d.h5", "dataset").commit();
  EXPECT_THROW(TraceReader(folder / "d.h5"), StoreError);
}

TEST(Trace, ASplitWhosePartsDoNotFitTogetherIsRefused) {
  const TemporaryFolder folder;
  Writer writer(folder / "t.h5", "trace");
  const std::vector<std::byte> zeros(400);
  writer.write("test/logits", {DType::kFloat32, {5, 2, 10}}, zeros);
  writer.write("test/labels", {DType::kInt64, {5}}, std::span(zeros).first(40));
  writer.write("test/index", {DType::kInt64, {4}}, std::span(zeros).first(32));
  writer.commit();
  const TraceReader reader(folder / "t.h5");
  EXPECT_THROW(reader.shape("test"), StoreError);
  EXPECT_THROW(reader.shape("train"), StoreError);
}

}  // namespace
}  // namespace idn::store
