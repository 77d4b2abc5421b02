#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace idn::graph {

/// How long a segment took once.
struct MeasuredTime {
  std::int64_t batch = 0;  ///< at least 1
  double seconds = 0.0;    ///< above 0, finite
};

/// The time of a segment over the batch: straight lines between the means of what was measured, made to never
/// fall as the batch grows (the monotone function nearest to the means by squares).
///
/// Below the smallest batch measured it is that one's time, since what a call costs for itself is in it, and
/// 0 for no rows; above the largest it goes on with the slope of the last line that rises.
class SegmentTime {
 public:
  /// Measured in any order, batches repeated or not; throws std::invalid_argument, naming the point, for
  /// none, or one out of range.
  explicit SegmentTime(const std::vector<MeasuredTime>& measured);

  /// The seconds at a batch of 0 or more.
  [[nodiscard]] double predicts(std::int64_t batch) const;

  /// The points between which the lines lie, by batch, each once.
  [[nodiscard]] const std::vector<MeasuredTime>& points() const { return points_; }

 private:
  std::vector<MeasuredTime> points_;
  double last_slope_ = 0.0;  // seconds per row
};

/// What it costs to copy the rows that stay out of what later segments read.
struct GatherTime {
  double fixed_seconds = 0.0;     ///< of one compaction
  double seconds_per_byte = 0.0;  ///< of what is copied
};

/// The times of all segments of a graph, from which an engine decides whether dropping rows pays.
class SegmentTimes {
 public:
  explicit SegmentTimes(std::vector<SegmentTime> segments, GatherTime gather = {});

  /// The seconds of a segment, from 0, at a batch.
  [[nodiscard]] double predicts(std::size_t segment, std::int64_t batch) const;

  /// The seconds of a segment and all after it at a batch.
  [[nodiscard]] double rest(std::size_t segment, std::int64_t batch) const;

  /// Whether the rest, from a segment on, is sooner done with `kept` of `rows` rows, of which `bytes` are
  /// copied first, than with all of them. Never where all are kept, always where none is.
  [[nodiscard]] bool compaction_pays(std::size_t segment, std::int64_t rows, std::int64_t kept,
                                     std::int64_t bytes) const;

 private:
  std::vector<SegmentTime> segments_;
  GatherTime gather_;
};

}  // namespace idn::graph
