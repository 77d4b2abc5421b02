#include "idn/graph/segment_time.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace idn::graph {
namespace {

// Neighbours that fall are replaced by their mean until none does (pool adjacent violators: Barlow et al.,
// "Statistical inference under order restrictions", 1972).
struct Pool {
  double mean = 0.0;
  double weight = 0.0;
  std::size_t points = 0;
};

std::vector<Pool> pooled(const std::map<std::int64_t, Pool>& by_batch) {
  std::vector<Pool> pools;
  for (const auto& [batch, of_batch] : by_batch) {
    pools.push_back({of_batch.mean, of_batch.weight, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean > pools.back().mean) {
      const Pool last = pools.back();
      pools.pop_back();
      Pool& before = pools.back();
      const double weight = before.weight + last.weight;
      before.mean = (before.mean * before.weight + last.mean * last.weight) / weight;
      before.weight = weight;
      before.points += last.points;
    }
  }
  return pools;
}

double slope(const MeasuredTime& from, const MeasuredTime& to) {
  return (to.seconds - from.seconds) / static_cast<double>(to.batch - from.batch);
}

void check_batch(std::int64_t batch) {
  if (batch >= 0) return;
  throw std::invalid_argument("batch is " + std::to_string(batch) + ", expected 0 or more.");
}

}  // namespace

SegmentTime::SegmentTime(const std::vector<MeasuredTime>& measured) {
  if (measured.empty()) throw std::invalid_argument("a segment's time needs one measured point at least.");
  std::map<std::int64_t, Pool> by_batch;
  for (const MeasuredTime& point : measured) {
    if (point.batch < 1 || !(point.seconds > 0.0) || !std::isfinite(point.seconds)) {
      std::ostringstream message;
      message << "measured " << point.seconds << " seconds at a batch of " << point.batch
              << ", expected a finite number above 0 at a batch of 1 or more.";
      throw std::invalid_argument(message.str());
    }
    Pool& pool = by_batch[point.batch];
    pool.weight += 1.0;
    pool.mean += (point.seconds - pool.mean) / pool.weight;
  }
  auto batch = by_batch.begin();
  for (const Pool& pool : pooled(by_batch)) {
    for (std::size_t k = 0; k < pool.points; ++k, ++batch) points_.push_back({batch->first, pool.mean});
  }
  // Where nothing rises, time is taken to grow with the rows.
  last_slope_ = points_.back().seconds / static_cast<double>(points_.back().batch);
  for (std::size_t k = points_.size(); k-- > 1;) {
    if (points_[k].seconds <= points_[k - 1].seconds) continue;
    last_slope_ = slope(points_[k - 1], points_[k]);
    break;
  }
}

double SegmentTime::predicts(std::int64_t batch) const {
  check_batch(batch);
  if (batch == 0) return 0.0;
  const auto next = std::ranges::lower_bound(points_, batch, {}, &MeasuredTime::batch);
  if (next == points_.end()) {
    return points_.back().seconds + last_slope_ * static_cast<double>(batch - points_.back().batch);
  }
  if (next == points_.begin() || next->batch == batch) return next->seconds;
  const MeasuredTime& before = *(next - 1);
  return before.seconds + slope(before, *next) * static_cast<double>(batch - before.batch);
}

SegmentTimes::SegmentTimes(std::vector<SegmentTime> segments, GatherTime gather)
    : segments_(std::move(segments)), gather_(gather) {
  if (segments_.empty())
    throw std::invalid_argument("segment times are of no segment; give one for each exit.");
  if (gather_.fixed_seconds >= 0.0 && std::isfinite(gather_.fixed_seconds) &&
      gather_.seconds_per_byte >= 0.0 && std::isfinite(gather_.seconds_per_byte)) {
    return;
  }
  std::ostringstream message;
  message << "copying takes " << gather_.fixed_seconds << " seconds and " << gather_.seconds_per_byte
          << " for each byte, expected finite numbers of 0 or more.";
  throw std::invalid_argument(message.str());
}

double SegmentTimes::predicts(std::size_t segment, std::int64_t batch) const {
  if (segment >= segments_.size()) {
    throw std::invalid_argument("segment " + std::to_string(segment) + " is none of the " +
                                std::to_string(segments_.size()) + " that were measured, counted from 0.");
  }
  return segments_[segment].predicts(batch);
}

double SegmentTimes::rest(std::size_t segment, std::int64_t batch) const {
  check_batch(batch);
  double sum = 0.0;
  for (; segment < segments_.size(); ++segment) sum += segments_[segment].predicts(batch);
  return sum;
}

bool SegmentTimes::compaction_pays(std::size_t segment, std::int64_t rows, std::int64_t kept,
                                   std::int64_t bytes) const {
  if (kept < 0 || kept > rows || bytes < 0) {
    throw std::invalid_argument("kept is " + std::to_string(kept) + " of " + std::to_string(rows) +
                                " rows with " + std::to_string(bytes) + " bytes, expected from 0 to all.");
  }
  if (kept == rows) return false;
  if (kept == 0) return true;
  const double copied = gather_.fixed_seconds + gather_.seconds_per_byte * static_cast<double>(bytes);
  return copied + rest(segment, kept) < rest(segment, rows);
}

}  // namespace idn::graph
