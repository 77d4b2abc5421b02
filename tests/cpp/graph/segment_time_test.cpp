#include "idn/graph/segment_time.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <stdexcept>
#include <string>

namespace idn::graph {
namespace {

TEST(SegmentTime, LiesOnLinesBetweenWhatWasMeasured) {
  const SegmentTime time({{16, 5.0}, {1, 2.0}, {4, 3.0}});
  EXPECT_EQ(time.predicts(1), 2.0);
  EXPECT_EQ(time.predicts(4), 3.0);
  EXPECT_EQ(time.predicts(10), 4.0);
  EXPECT_EQ(time.predicts(16), 5.0);
  EXPECT_EQ(time.predicts(28), 7.0) << "on with the last slope";
  EXPECT_EQ(time.predicts(0), 0.0);
}

TEST(SegmentTime, BelowTheSmallestBatchIsThatOfTheSmallest) {
  EXPECT_EQ(SegmentTime({{8, 2.0}, {16, 3.0}}).predicts(1), 2.0);
}

TEST(SegmentTime, OfOnePointGrowsWithTheRows) {
  const SegmentTime time({{4, 2.0}});
  EXPECT_EQ(time.predicts(4), 2.0);
  EXPECT_EQ(time.predicts(8), 4.0);
}

TEST(SegmentTime, TakesTheMeanOfRepeatedMeasurements) {
  EXPECT_EQ(SegmentTime({{2, 1.0}, {2, 3.0}, {4, 4.0}}).predicts(2), 2.0);
}

TEST(SegmentTime, NeverFallsAsTheBatchGrows) {
  const SegmentTime noisy({{1, 1.0}, {2, 4.0}, {4, 2.0}, {8, 6.0}, {16, 5.0}});
  EXPECT_EQ(noisy.predicts(2), 3.0) << "the mean of 4 and 2";
  EXPECT_EQ(noisy.predicts(4), 3.0);
  EXPECT_EQ(noisy.predicts(16), 5.5);
  EXPECT_EQ(noisy.predicts(20), 5.5 + 4 * (5.5 - 3.0) / 4) << "the slope of the last line that rises";
  std::mt19937 random(4);
  std::uniform_real_distribution<double> seconds(0.1, 2.0);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<MeasuredTime> measured;
    for (std::size_t count = 1 + random() % 6; count > 0; --count)
      measured.push_back({static_cast<std::int64_t>(1 + random() % 32), seconds(random)});
    const SegmentTime time(measured);
    // A line's ends meet their points up to the rounding of a product.
    for (std::int64_t batch = 1; batch < 80; ++batch)
      ASSERT_LE(time.predicts(batch - 1), time.predicts(batch) * (1 + 1e-12)) << batch;
  }
}

TEST(SegmentTime, RefusesWhatIsNoMeasurement) {
  EXPECT_THROW(SegmentTime({}), std::invalid_argument);
  EXPECT_THROW(SegmentTime({{0, 1.0}}), std::invalid_argument);
  EXPECT_THROW(SegmentTime({{1, 0.0}}), std::invalid_argument);
  EXPECT_THROW(SegmentTime({{1, std::numeric_limits<double>::quiet_NaN()}}), std::invalid_argument);
  EXPECT_THROW((void)SegmentTime({{1, 1.0}}).predicts(-1), std::invalid_argument);
}

TEST(SegmentTimes, SayWhenDroppingRowsPays) {
  // A second for a call and one for each row; then two for each row.
  const SegmentTimes times({SegmentTime({{1, 2.0}, {2, 3.0}}), SegmentTime({{1, 2.0}, {2, 4.0}})},
                           {.fixed_seconds = 5.0, .seconds_per_byte = 0.5});
  EXPECT_EQ(times.predicts(0, 4), 5.0);
  EXPECT_EQ(times.rest(0, 4), 13.0);
  EXPECT_EQ(times.rest(1, 4), 8.0);
  EXPECT_EQ(times.rest(2, 4), 0.0);
  EXPECT_TRUE(times.compaction_pays(1, 8, 4, 4)) << "7 to copy and 8 of the rest, instead of 16";
  EXPECT_FALSE(times.compaction_pays(1, 8, 4, 6)) << "8 to copy";
  EXPECT_TRUE(times.compaction_pays(0, 8, 4, 6)) << "both segments are still to come";
  EXPECT_FALSE(times.compaction_pays(1, 8, 8, 0));
  EXPECT_TRUE(times.compaction_pays(1, 8, 0, 0));
  EXPECT_THROW((void)times.compaction_pays(1, 4, 5, 0), std::invalid_argument);
  EXPECT_THROW((void)times.predicts(2, 1), std::invalid_argument);
  EXPECT_THROW(SegmentTimes({}), std::invalid_argument);
  EXPECT_THROW(SegmentTimes({SegmentTime({{1, 1.0}})}, {.fixed_seconds = -1.0}), std::invalid_argument);
}

}  // namespace
}  // namespace idn::graph
